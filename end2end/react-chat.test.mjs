// `useAgentChat` from `@cloudflare/ai-chat` in React: tabs, reloads, and what its callbacks hear.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { ReactChat, useChatViews } from './support/react-chat.mjs';
import { useHost } from './support/suite.mjs';
import { comparable, history, textOf } from './support/transcript.mjs';

const LIMIT = { timeout: 60_000 };
const SLOW = 'chunk-1 chunk-2 chunk-3 chunk-4 chunk-5';

const last = ({ messages }) => textOf(messages.at(-1));

describe('useAgentChat', () => {
  const { host } = useHost();
  const views = useChatViews(host);
  const join = (agent, name = randomUUID(), chat = {}) => ReactChat.join(views, { agent, name, chat });

  it('shows two tabs the same, while it is written and after', LIMIT, async () => {
    const name = randomUUID();
    const [one, two] = [await join('slow-agent', name), await join('slow-agent', name)];
    one.submit('Hello');
    await two.until((seen) => last(seen).startsWith('chunk-1 chunk-2') && seen.status === 'streaming');
    await Promise.all([one, two].map((tab) => tab.until((seen) => last(seen) === SLOW && seen.status === 'ready')));
    const kept = comparable(await history(host, 'slow-agent', name));
    assert.deepEqual(comparable(one.seen.messages), kept);
    assert.deepEqual(comparable(two.seen.messages), kept);
    two.clear();
    await one.until(({ messages }) => messages.length === 0);
  });

  it('stops a turn of another tab', LIMIT, async () => {
    const name = randomUUID();
    const [one, two] = [await join('slow-agent', name), await join('slow-agent', name)];
    one.submit('Hello');
    await one.until((seen) => last(seen).startsWith('chunk-1 '));
    // A tab that comes while a turn runs can stop it.
    const late = await join('slow-agent', name);
    await late.until((seen) => seen.status === 'streaming' && last(seen).startsWith('chunk-1 '));
    late.stop();
    await Promise.all([one, two, late].map((tab) => tab.until(({ status }) => status === 'ready')));
    const [, answer] = await history(host, 'slow-agent', name);
    assert.ok(SLOW.startsWith(textOf(answer)) && textOf(answer) !== SLOW, textOf(answer));
  });

  it('goes on with a running turn after a reload', LIMIT, async () => {
    const name = randomUUID();
    const before = await join('slow-agent', name);
    before.submit('Hello');
    await before.until((seen) => last(seen).startsWith('chunk-1 chunk-2'));
    before.close();
    const reloaded = await join('slow-agent', name);
    await reloaded.until((seen) => last(seen) === SLOW && seen.status === 'ready');
    assert.deepEqual(reloaded.seen.messages.map(({ role }) => role), ['user', 'assistant']);
  });

  it('begins with the history', LIMIT, async () => {
    const name = randomUUID();
    const before = await join('chat-agent', name);
    before.submit('Hello');
    await before.until((seen) => last(seen) === 'Hello from e2e agent!' && seen.status === 'ready');
    before.close();
    const { seen } = await join('chat-agent', name);
    assert.deepEqual(seen.messages.map(textOf), ['Hello', 'Hello from e2e agent!']);
  });

  it('shows a message and a turn of the server', LIMIT, async () => {
    const name = randomUUID();
    const [one, two] = [await join('notify-agent', name), await join('notify-agent', name)];
    await one.view.agent.call('notify', ['Good morning']);
    await Promise.all([one, two].map((tab) => tab.until((seen) => last(seen) === 'Good morning')));
    await one.view.agent.call('ask', ['what']);
    await Promise.all(
      [one, two].map((tab) => tab.until((seen) => last(seen) === 'You asked: what' && seen.messages.length === 3)),
    );
  });

  it('hears parts that are not kept, and the end', LIMIT, async () => {
    const chat = await join('data-parts-agent');
    chat.submit('Hello');
    await chat.until((seen) => last(seen) === 'Hello from data agent' && seen.status === 'ready');
    const parts = chat.view.heardBy('data').map(([{ type, data }]) => [type, data]);
    assert.deepEqual(parts, [
      ['data-progress', { percent: 50 }],
      ['data-result', { answer: 42 }],
    ]);
    await chat.view.until(() => chat.view.heardBy('turn end').length === 1);
    assert.equal(chat.view.heardBy('turn end')[0][0].outcome, 'completed');
  });

  it('runs a tool of the page', LIMIT, async () => {
    const calls = [];
    const onToolCall = ({ toolCall, addToolOutput }) => {
      calls.push(toolCall.toolName);
      addToolOutput({ toolCallId: toolCall.toolCallId, output: { timezone: 'Europe/Oslo' } });
    };
    const name = randomUUID();
    const chat = await join('tool-agent', name, { onToolCall });
    chat.submit('client-tool');
    await chat.until((seen) => last(seen) === 'Done.' && seen.status === 'ready');
    assert.deepEqual(calls, ['getTimezone']);
    const [, { parts }] = await history(host, 'tool-agent', name);
    assert.deepEqual(parts.find(({ toolCallId }) => toolCallId).output, { timezone: 'Europe/Oslo' });
  });

  it('hears why a turn has failed, and goes on', LIMIT, async () => {
    const name = randomUUID();
    const chat = await join('bad-key-agent', name);
    chat.submit('Hello');
    await chat.until(({ status }) => status === 'error');
    const [[error]] = chat.view.heardBy('chat error');
    assert.match(error.message, /refused the API key/);
    chat.submit('Hello again');
    await chat.view.until(() => chat.view.heardBy('chat error').length === 2);
    const asked = (await history(host, 'bad-key-agent', name)).filter(({ role }) => role === 'user');
    assert.deepEqual(asked.map(textOf), ['Hello', 'Hello again']);
  });
});
