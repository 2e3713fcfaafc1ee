// The clients from the time of `ai` 4 hold a conversation: npm `agents` 0.0.77, unmodified.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { useOldPages } from './support/legacy.mjs';
import { useHost } from './support/suite.mjs';

const LIMIT = { timeout: 60_000 };

describe('useAgentChat of agents 0.0.77', () => {
  const { host } = useHost();
  const pages = useOldPages(host);

  const HELLO = 'Hello from e2e agent!';
  const CHUNKS = 'chunk-1 chunk-2 chunk-3 chunk-4 chunk-5';

  const open = (agent, { name = randomUUID(), ...chat } = {}) =>
    // Pages of one process share what they have fetched, unless they are told apart.
    pages.open({ agent, name, query: { page: randomUUID() }, chat: { id: randomUUID(), ...chat } });

  it('asks and is answered', LIMIT, async () => {
    const page = await open('chat-agent');
    assert.deepEqual(page.said, []);
    await page.say('hello');
    await page.settled(2);
    assert.deepEqual(page.said, [['user', 'hello'], ['assistant', HELLO]]);
    await page.say('again');
    await page.settled(4);
    assert.equal(page.chat.messages[3].content, HELLO);
    assert.equal(page.chat.error, undefined);
  });

  it('shows an answer as it comes', LIMIT, async () => {
    const page = await open('slow-agent');
    const seen = new Set();
    const answered = page.until(({ chat }) => {
      const last = chat.messages.at(-1);
      if (last?.role === 'assistant') seen.add(last.content);
      return last?.content === CHUNKS;
    });
    await page.say('hello');
    await answered;
    // Some of its words alone, before the whole.
    assert.ok([...seen].some((text) => text && text !== CHUNKS), [...seen].join('|'));
  });

  it('stops, keeps what came, and goes on', LIMIT, async () => {
    const name = randomUUID();
    const page = await open('slow-agent', { name });
    const said = page.say('hello');
    await page.until(({ chat }) => chat.messages.at(-1)?.content.startsWith('chunk-1 '));
    page.chat.stop();
    await said;
    // The server says so too, as late as it likes.
    await page.until(({ frames }) => frames.some(({ done }) => done));
    const [, stopped] = page.chat.messages;
    assert.ok(CHUNKS.startsWith(stopped.content) && stopped.content !== CHUNKS, stopped.content);
    await page.say('again');
    await page.settled(4);
    assert.equal(page.chat.messages[3].content, CHUNKS);
    assert.deepEqual((await open('slow-agent', { name })).said, page.said);
  });

  it('finds the conversation again after a reload', LIMIT, async () => {
    const name = randomUUID();
    const page = await open('tool-agent', { name });
    await page.say('server-tool');
    await page.settled(2);
    const reloaded = await open('tool-agent', { name });
    assert.deepEqual(reloaded.said, page.said);
    assert.deepEqual(
      reloaded.chat.messages.map(({ id }) => id),
      page.chat.messages.map(({ id }) => id),
    );
    assert.deepEqual(reloaded.calls, page.calls);
    await reloaded.say('hello');
    await reloaded.settled(4);
    assert.deepEqual(reloaded.said.slice(2), [['user', 'hello'], ['assistant', 'Done.']]);
  });

  it('asks anew', LIMIT, async () => {
    const page = await open('chat-agent');
    await page.say('hello');
    await page.settled(2);
    const [, first] = page.chat.messages;
    await page.chat.reload();
    await page.until(({ chat }) => chat.status === 'ready' && chat.messages[1]?.id !== first.id);
    assert.deepEqual(page.said, [['user', 'hello'], ['assistant', HELLO]]);
  });

  it('clears the conversation in every page', LIMIT, async () => {
    const name = randomUUID();
    const page = await open('chat-agent', { name });
    await page.say('hello');
    await page.settled(2);
    const other = await open('chat-agent', { name });
    assert.equal(other.said.length, 2);
    page.chat.clearHistory();
    await other.settled(0);
    await page.settled(0);
    assert.deepEqual((await open('chat-agent', { name })).said, []);
  });

  it('keeps a second page in step', LIMIT, async () => {
    const name = randomUUID();
    const [one, two] = [await open('chat-agent', { name }), await open('chat-agent', { name })];
    await one.say('from one');
    await one.settled(2);
    await two.settled(2);
    assert.deepEqual(two.said, one.said);
    await two.say('from two');
    await two.settled(4);
    await one.settled(4);
    assert.deepEqual(one.said, two.said);
  });

  it('shows the tools of the server and their results', LIMIT, async () => {
    const page = await open('tool-agent');
    await page.say('server-tool');
    await page.settled(2);
    assert.equal(page.chat.messages[1].content, 'Done.');
    const [{ state, toolName, args, result }] = page.calls;
    assert.deepEqual(
      { state, toolName, args, result },
      { state: 'result', toolName: 'getWeather', args: { city: 'Oslo' }, result: { city: 'Oslo', temperature: 4 } },
    );
  });

  it('answers a tool in the page', LIMIT, async () => {
    const page = await open('tool-agent');
    await page.say('client-tool');
    await page.settled(2);
    const [call] = page.calls;
    assert.deepEqual([call.state, call.toolName], ['call', 'getTimezone']);
    page.chat.addToolResult({ toolCallId: call.toolCallId, result: 'Europe/Oslo' });
    await page.until(({ chat }) => chat.status === 'ready' && chat.messages[1]?.content === 'Done.');
    assert.equal(page.chat.messages.length, 2);
    assert.deepEqual([page.calls[0].state, page.calls[0].result], ['result', 'Europe/Oslo']);
  });

  it('goes on by itself where a handler answers the tool', LIMIT, async () => {
    const page = await open('tool-agent', {
      maxSteps: 3,
      onToolCall: ({ toolCall }) => (toolCall.toolName === 'getTimezone' ? 'Europe/Oslo' : undefined),
    });
    await page.say('client-tool');
    await page.until(({ chat }) => chat.status === 'ready' && chat.messages[1]?.content === 'Done.');
    assert.equal(page.calls[0].result, 'Europe/Oslo');
  });

  it('asks a person', LIMIT, async () => {
    const page = await open('tool-agent');
    await page.say('approval');
    await page.settled(2);
    const [call] = page.calls;
    assert.deepEqual([call.state, call.toolName], ['call', 'deleteFile']);
    page.chat.addToolResult({ toolCallId: call.toolCallId, result: 'Yes, confirmed.' });
    await page.until(({ chat }) => chat.status === 'ready' && chat.messages[1]?.content === 'Done.');
    assert.deepEqual(page.calls[0].result, { deleted: 'a.txt' });
  });

  it('shows an error, and the next question is answered by its own', LIMIT, async () => {
    const page = await open('bad-key-agent');
    await page.say('hello');
    await page.until(({ chat }) => chat.status === 'error');
    assert.match(page.chat.error.message, /key/i);
    await page.say('again');
    await page.until(({ chat, frames }) => chat.status === 'error' && frames.filter(({ done }) => done).length === 2);
    assert.equal(page.said.filter(([role]) => role === 'user').length, 2);
  });
});
