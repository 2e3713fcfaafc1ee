// What each chat agent of the test host puts on the wire, and what it keeps.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { useHost } from './support/suite.mjs';
import { Wire } from './support/wire.mjs';

const LIMIT = { timeout: 60_000 };

describe('the chat agents', () => {
  const { host } = useHost();
  const opened = [];

  async function open(agent, name) {
    const wire = await Wire.open(host, agent, name);
    opened.push(wire);
    return wire;
  }

  /** A turn in a new conversation: the connection, and everything about the turn. */
  async function turn(agent, text) {
    const wire = await open(agent);
    const id = wire.say(text);
    return { wire, id, ...(await wire.turn(id)) };
  }

  afterEach(() => {
    for (const wire of opened.splice(0)) wire.close();
  });

  const types = (chunks) => chunks.map(({ type }) => type);
  const deltas = (chunks) =>
    chunks.filter(({ type }) => type === 'text-delta').map(({ delta }) => delta);
  const texts = ({ parts }) =>
    parts.filter(({ type }) => type === 'text').map(({ text }) => text).join('');

  it('chat-agent answers a plain text', LIMIT, async () => {
    const { wire, id, chunks, error, last } = await turn('chat-agent', 'hello');
    assert.deepEqual(types(chunks), ['start', 'text-start', 'text-delta', 'text-end']);
    assert.deepEqual(deltas(chunks), ['Hello from e2e agent!']);
    assert.equal(error, undefined);
    assert.deepEqual(last.messageIds, [`said-${id}`]);
    assert.equal(last.outcome, undefined);
    const [question, answer] = await wire.history();
    assert.deepEqual([question.id, question.role], [`said-${id}`, 'user']);
    assert.deepEqual([answer.id, answer.role], [chunks[0].messageId, 'assistant']);
    assert.equal(texts(answer), 'Hello from e2e agent!');
  });

  it('slow-agent answers in five pieces', LIMIT, async () => {
    const { wire, chunks } = await turn('slow-agent', 'hello');
    const pieces = ['chunk-1 ', 'chunk-2 ', 'chunk-3 ', 'chunk-4 ', 'chunk-5'];
    assert.deepEqual(deltas(chunks), pieces);
    assert.equal(texts((await wire.history())[1]), pieces.join(''));
  });

  it('slow-agent can be stopped: what came is kept, and the next turn is whole', LIMIT, async () => {
    const wire = await open('slow-agent');
    const stopped = wire.say('hello');
    await wire.chunk(stopped, 'text-delta');
    wire.send({ type: 'cf_agent_chat_request_cancel', id: stopped });
    const { chunks, last } = await wire.turn(stopped);
    assert.equal(last.outcome, 'aborted');
    const came = deltas(chunks).join('');
    assert.ok(came.startsWith('chunk-1 ') && !came.includes('chunk-5'), came);

    const next = wire.say('again');
    assert.equal(deltas((await wire.turn(next)).chunks).length, 5);
    assert.deepEqual((await wire.history()).map(texts), [
      'hello', came, 'again', 'chunk-1 chunk-2 chunk-3 chunk-4 chunk-5',
    ]);
  });

  it('data-parts-agent sends two data parts and keeps the one that is not transient', LIMIT, async () => {
    const { wire, chunks } = await turn('data-parts-agent', 'hello');
    assert.deepEqual(types(chunks), [
      'start', 'text-start', 'text-delta', 'text-end', 'data-progress', 'data-result', 'finish',
    ]);
    assert.deepEqual(chunks[4], {
      type: 'data-progress', id: 'p1', data: { percent: 50 }, transient: true,
    });
    assert.deepEqual(chunks[5], { type: 'data-result', id: 'r1', data: { answer: 42 } });
    assert.equal(chunks[6].finishReason ?? chunks[6].messageMetadata?.finishReason, 'stop');
    const [, answer] = await wire.history();
    assert.equal(texts(answer), 'Hello from data agent');
    const data = answer.parts.filter(({ type }) => type.startsWith('data-'));
    assert.deepEqual(data, [{ type: 'data-result', id: 'r1', data: { answer: 42 } }]);
  });

  it('bench-chat-agent makes as many tokens as it is asked for', LIMIT, async () => {
    const { chunks } = await turn('bench-chat-agent', 'gen tokens=200 pace=0');
    assert.deepEqual(deltas(chunks), Array.from({ length: 200 }, (_, index) => `tok${index} `));
    const paced = await turn('bench-chat-agent', 'gen tokens=3 pace=1');
    assert.deepEqual(deltas(paced.chunks), ['tok0 ', 'tok1 ', 'tok2 ']);
    assert.match((await turn('bench-chat-agent', 'hello')).error, /gen tokens/);
  });

  it('bad-key-agent says that the key was refused, and not which', LIMIT, async () => {
    const { wire, chunks, error, last } = await turn('bad-key-agent', 'hello');
    assert.match(error, /key/i);
    assert.doesNotMatch(error, /sk-wrong/);
    assert.equal(last.outcome, 'error');
    assert.deepEqual(deltas(chunks), []);
    assert.deepEqual((await wire.history()).map(texts), ['hello']);
  });

  it('llm-agent of a host without a model says how to give it one', LIMIT, async () => {
    const { error, last } = await turn('llm-agent', 'hello');
    assert.match(error, /--model-url/);
    assert.equal(last.outcome, 'error');
  });

  it('sanitize-agent keeps no secret', LIMIT, async () => {
    const { wire, chunks } = await turn('sanitize-agent', 'my [SECRET]');
    assert.deepEqual(deltas(chunks), ['Reply with [SECRET] data included']);
    assert.deepEqual((await wire.history()).map(texts), [
      'my [REDACTED]', 'Reply with [REDACTED] data included',
    ]);
  });

  it('max-persisted-agent keeps four messages', LIMIT, async () => {
    const wire = await open('max-persisted-agent');
    for (const text of ['one', 'two', 'three']) await wire.turn(wire.say(text));
    assert.deepEqual((await wire.history()).map(texts), ['two', 'Acknowledged', 'three', 'Acknowledged']);
  });

  it('notify-agent speaks first', LIMIT, async () => {
    const [wire, other] = [await open('notify-agent', 'shared'), await open('notify-agent', 'shared')];
    wire.send({ type: 'rpc', id: 'n', method: 'notify', args: ['hello all'] });
    for (const one of [wire, other]) {
      const { messages } = await one.until(({ type }) => type === 'cf_agent_chat_messages');
      assert.equal(texts(messages.at(-1)), 'hello all');
    }
    wire.send({ type: 'rpc', id: 'a', method: 'ask', args: ['who is there?'] });
    const { result } = await wire.until(({ type, id }) => type === 'rpc' && id === 'a');
    for (const one of [wire, other]) {
      const { chunks } = await one.turn(result);
      assert.deepEqual(deltas(chunks), ['You asked: who is there?']);
    }
    assert.equal((await wire.history()).length, 3);
  });

  describe('tool-agent', () => {
    /** Tool parts of the kept answer. */
    async function kept(wire) {
      const [, answer] = await wire.history();
      assert.equal(texts(answer), 'Done.');
      return answer.parts.filter(({ type }) => type.startsWith('tool-'));
    }

    const results = (chunks) =>
      chunks.filter(({ type, preliminary }) => type === 'tool-output-available' && !preliminary);

    it('server-tool: calls a tool and ends', LIMIT, async () => {
      const { wire, chunks } = await turn('tool-agent', 'server-tool');
      const call = chunks.find(({ type }) => type === 'tool-input-available');
      assert.equal(call.toolName, 'getWeather');
      assert.deepEqual(call.input, { city: 'Oslo' });
      const oslo = { city: 'Oslo', temperature: 4 };
      assert.deepEqual(results(chunks).map(({ output }) => output), [oslo]);
      assert.deepEqual(deltas(chunks), ['Done.']);
      const [part] = await kept(wire);
      assert.equal(part.type, 'tool-getWeather');
      assert.equal(part.state, 'output-available');
      assert.deepEqual(part.output, oslo);
    });

    it('parallel: calls a tool twice at once', LIMIT, async () => {
      const { wire, chunks } = await turn('tool-agent', 'parallel');
      const calls = types(chunks).filter((type) => /^tool-(input|output)-available$/.test(type));
      assert.deepEqual(calls, [
        'tool-input-available', 'tool-input-available',
        'tool-output-available', 'tool-output-available',
      ]);
      assert.deepEqual((await kept(wire)).map(({ output }) => output.city), ['Oslo', 'Rome']);
    });

    it('bad-args: the model is told, and goes on', LIMIT, async () => {
      const { wire, chunks } = await turn('tool-agent', 'bad-args');
      assert.deepEqual(results(chunks), []);
      assert.deepEqual(deltas(chunks), ['Done.']);
      const [part] = await kept(wire);
      assert.equal(part.state, 'output-error');
      assert.match(part.errorText, /5|city|string/);
    });

    it('client-tool: the browser answers, and the turn goes on', LIMIT, async () => {
      const { wire, chunks, last } = await turn('tool-agent', 'client-tool');
      const call = chunks.find(({ type }) => type === 'tool-input-available');
      assert.equal(call.toolName, 'getTimezone');
      assert.equal(last.outcome, undefined);
      wire.send({
        type: 'cf_agent_tool_result', toolCallId: call.toolCallId, toolName: 'getTimezone',
        output: 'Europe/Oslo', autoContinue: true,
      });
      const next = await continuation(wire);
      assert.equal(next.every(({ continuation }) => continuation), true);
      const [part] = await kept(wire);
      assert.equal(part.output, 'Europe/Oslo');
    });

    it('approval: runs what a person approves', LIMIT, async () => {
      const { wire, chunks } = await turn('tool-agent', 'approval');
      const { toolCallId } = chunks.find(({ type }) => type === 'tool-approval-request');
      wire.send({ type: 'cf_agent_tool_approval', toolCallId, approved: true, autoContinue: true });
      await continuation(wire);
      const [part] = await kept(wire);
      assert.equal(part.state, 'output-available');
      assert.deepEqual(part.output, { deleted: 'a.txt' });
    });

    it('approval: does not run what a person rejects, and ends all the same', LIMIT, async () => {
      const { wire, chunks } = await turn('tool-agent', 'approval');
      const { toolCallId } = chunks.find(({ type }) => type === 'tool-approval-request');
      wire.send({ type: 'cf_agent_tool_approval', toolCallId, approved: false, autoContinue: true });
      await continuation(wire);
      const [part] = await kept(wire);
      assert.equal(part.state, 'output-denied');
      assert.equal(part.output, undefined);
    });

    /** The frames of the turn that goes on after an answer; who gave it gets them when it says so. */
    async function continuation(wire) {
      const { id } = await wire.until(({ type }) => type === 'cf_agent_stream_resuming');
      wire.send({ type: 'cf_agent_stream_resume_ack', id });
      await wire.turn(id);
      return wire.frames.filter((frame) => frame.id === id && frame.body && !frame.replay);
    }

    it('slow-tool: takes its time, tells how far it is, and ends', LIMIT, async () => {
      const { wire, chunks } = await turn('tool-agent', 'slow-tool');
      const progress = chunks.filter(({ preliminary }) => preliminary);
      assert.deepEqual(progress.map(({ output }) => output.slept), [0, 1, 2]);
      assert.deepEqual(results(chunks).map(({ output }) => output), [{ slept: 3 }]);
      assert.equal((await kept(wire)).length, 1);
    });
  });
});
