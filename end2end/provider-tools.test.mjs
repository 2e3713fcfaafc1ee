// A chat agent with tools, a server that speaks OpenAI's API and that nobody here wrote, and real
// weights: the model calls a tool, and the turn goes on with the result.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Host } from './support/host.mjs';
import { startPeer } from './support/peer.mjs';
import { Wire } from './support/wire.mjs';

/** A model of 135 million parameters does as was done before. */
function asked(city, index) {
  const toolCallId = `call-${index}`;
  const output = { city, temperature: 4 };
  return [
    { id: `q${index}`, role: 'user', parts: [{ type: 'text', text: `What is the weather in ${city}?` }] },
    {
      id: `a${index}`,
      role: 'assistant',
      parts: [
        { type: 'step-start' },
        { type: 'tool-getWeather', toolCallId, toolName: 'getWeather', state: 'output-available', input: { city }, output },
      ],
    },
  ];
}

describe('a model at a server that nobody here wrote', () => {
  let peer;
  let host;

  before(async () => {
    peer = await startPeer();
    host = await new Host(['--model-url', peer.url, '--model-tools']).start();
  });
  after(async () => {
    await host?.dispose();
    await peer?.stop();
  });

  it('calls a tool of the agent and is given its result', { timeout: 180_000 }, async () => {
    const wire = await Wire.open(host, 'llm-agent');
    const messages = ['Paris', 'Berlin', 'Madrid', 'Oslo'].flatMap(asked);
    wire.send({ type: 'cf_agent_chat_messages', messages });
    const { chunks, error } = await wire.turn(wire.say('What is the weather in Rome?'));
    assert.equal(error, undefined);
    const call = chunks.find(({ type }) => type === 'tool-input-available');
    assert.equal(call?.toolName, 'getWeather', JSON.stringify(chunks));
    assert.match(call.input.city, /Rome/);
    const result = chunks.find(({ type }) => type === 'tool-output-available');
    assert.deepEqual(result.output, { city: call.input.city, temperature: 4 });
    const history = await wire.history();
    assert.equal(history.length, messages.length + 2);
    const kept = history.at(-1).parts.find(({ type }) => type === 'tool-getWeather');
    assert.deepEqual([kept.state, kept.output], ['output-available', result.output]);
    wire.close();
  });
});
