// `WebSocketChatTransport` from `agents`, without React, over the npm client.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { WebSocketChatTransport } from 'agents/chat/transport';
import { readUIMessageStream } from 'ai';
import { received } from './support/clients.mjs';
import { useHost } from './support/suite.mjs';
import { history, textOf } from './support/transcript.mjs';

const LIMIT = { timeout: 60_000 };

const user = (text) => ({ id: randomUUID(), role: 'user', parts: [{ type: 'text', text }] });

describe('WebSocketChatTransport', () => {
  const { host, clients } = useHost();

  async function join(agent, options) {
    const name = randomUUID();
    const client = await clients.connect(agent, { name });
    const transport = new WebSocketChatTransport({ agent: client, ...options });
    const send = (messages, more) =>
      transport.sendMessages({ chatId: name, messages, trigger: 'submit-message', abortSignal: undefined, ...more });
    return { client, name, transport, send };
  }

  it('streams an answer', LIMIT, async () => {
    const { name, send } = await join('chat-agent');
    const answer = await whole(await send([user('Hello')]));
    assert.equal(textOf(answer), 'Hello from e2e agent!');
    const kept = await history(host, 'chat-agent', name);
    assert.deepEqual(kept.map(textOf), ['Hello', 'Hello from e2e agent!']);
    assert.equal(kept[1].id, answer.id);
  });

  it('asks for another answer', LIMIT, async () => {
    const { name, send } = await join('bench-chat-agent');
    const question = user('gen tokens=3 pace=0');
    const first = await whole(await send([question]));
    const second = await whole(await send([question], { trigger: 'regenerate-message' }));
    assert.equal(textOf(second), 'tok0 tok1 tok2 ');
    assert.notEqual(second.id, first.id);
    const kept = await history(host, 'bench-chat-agent', name);
    assert.deepEqual(kept.map(({ id }) => id), [question.id, second.id]);
  });

  it('stops a turn', LIMIT, async () => {
    const { client, name, transport, send } = await join('slow-agent');
    const reader = (await send([user('Hello')])).getReader();
    await until(reader, ({ delta }) => delta === 'chunk-1 ');
    assert.equal(transport.cancelActiveServerTurn(), true);
    await assert.rejects(reader.read(), { name: 'AbortError' });
    await ended(client);
    const [, answer] = await history(host, 'slow-agent', name);
    assert.match(textOf(answer), /^chunk-1 (chunk-2 )?$/);
  });

  it('lets a turn run on when only the client gives up', LIMIT, async () => {
    const { client, name, send } = await join('slow-agent');
    const abort = new AbortController();
    const reader = (await send([user('Hello')], { abortSignal: abort.signal })).getReader();
    await until(reader, ({ delta }) => delta === 'chunk-1 ');
    abort.abort();
    await assert.rejects(reader.read(), { name: 'AbortError' });
    await ended(client);
    const [, answer] = await history(host, 'slow-agent', name);
    assert.equal(textOf(answer), 'chunk-1 chunk-2 chunk-3 chunk-4 chunk-5');
  });

  it('fails with what went wrong', LIMIT, async () => {
    const { send } = await join('bad-key-agent');
    await assert.rejects(whole(await send([user('Hello')])), /refused the API key/);
  });

  it('takes a running turn up on a new connection', LIMIT, async () => {
    const { client, name, transport, send } = await join('slow-agent');
    client.addEventListener('message', ({ data }) => {
      // What an integration such as `useAgentChat` does with these.
      const frame = JSON.parse(data);
      if (frame.type === 'cf_agent_stream_resuming') transport.handleStreamResuming(frame);
    });
    const reader = (await send([user('Hello')])).getReader();
    await until(reader, ({ delta }) => delta === 'chunk-1 ');
    client.reconnect();
    await until(reader, ({ type }) => type === 'error');
    await client.ready;
    const answer = await whole(await transport.reconnectToStream({ chatId: name }));
    assert.equal(textOf(answer), 'chunk-1 chunk-2 chunk-3 chunk-4 chunk-5');
  });

  it('goes on with the same message after a tool of the client, and after a rejection', LIMIT, async () => {
    for (const [text, answered, state] of [
      ['client-tool', { type: 'cf_agent_tool_result', toolName: 'getTimezone', output: 'UTC' }, 'output-available'],
      ['approval', { type: 'cf_agent_tool_approval', approved: false }, 'output-denied'],
    ]) {
      const { client, name, transport, send } = await join('tool-agent');
      client.addEventListener('message', ({ data }) => {
        const frame = JSON.parse(data);
        if (frame.type === 'cf_agent_stream_resuming') transport.handleStreamResuming(frame);
      });
      const asking = await whole(await send([user(text)]));
      const { toolCallId } = asking.parts.find(({ toolCallId }) => toolCallId);
      transport.expectToolContinuation();
      client.send(JSON.stringify({ ...answered, toolCallId, autoContinue: true }));
      // `useAgentChat` has decided by itself, and adds to the message it has then.
      const message = answered.approved === false ? decided(asking) : undefined;
      const answer = await whole(await transport.reconnectToStream({ chatId: name }), message);
      const [, kept] = await history(host, 'tool-agent', name);
      assert.equal(answer.id, kept.id);
      assert.equal(textOf(answer), 'Done.');
      assert.deepEqual(answer.parts.flatMap((part) => part.state && part.toolCallId ? [part.state] : []), [state]);
      assert.deepEqual(answer.parts.map(({ type }) => type), kept.parts.map(({ type }) => type));
    }
  });

  it('sends fields of the application along', LIMIT, async () => {
    const { client, send } = await join('chat-agent', { prepareBody: () => ({ theme: 'dark' }) });
    const sent = [];
    const { send: original } = client;
    client.send = (text) => {
      sent.push(JSON.parse(text));
      return original.call(client, text);
    };
    await whole(await send([user('Hello')], { body: { more: 1 } }));
    const { theme, more } = JSON.parse(sent.find(({ type }) => type === 'cf_agent_use_chat_request').init.body);
    assert.deepEqual([theme, more], ['dark', 1]);
  });
});

/** The message of a stream. */
async function whole(stream, message) {
  for await (const snapshot of readUIMessageStream({ stream, message, terminateOnError: true })) message = snapshot;
  return message;
}

/** A message whose call a person has rejected, as the AI SDK writes it down. */
function decided({ parts, ...message }) {
  const decide = (part) => ({ ...part, state: 'approval-responded', approval: { ...part.approval, approved: false } });
  return { ...message, parts: parts.map((part) => (part.toolCallId ? decide(part) : part)) };
}

/** Reads until a chunk that fits. */
async function until(reader, fits) {
  for (;;) {
    const { value, done } = await reader.read();
    assert.ok(!done, 'the stream ended');
    if (fits(value)) return;
  }
}

/** Waits until the client was told of the end of its turn. */
function ended(client) {
  return received(client, ({ type, done }) => type === 'cf_agent_use_chat_response' && done);
}
