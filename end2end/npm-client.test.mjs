// Cloudflare's own client, from npm, unmodified, against our server.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { WebSocketChatTransport } from 'agents/chat/transport';
import { AgentClient } from 'agents/client';
import WebSocket from 'ws';
import { history, SHORT_QUESTION, textOf } from './support/chat.mjs';
import { Server } from './support/server.mjs';

const LIMIT = { timeout: 90_000 };

describe('the npm client', () => {
  let server;

  before(async () => {
    server = await Server.start();
  });
  after(() => server?.dispose());

  function connect(name) {
    // `WebSocket` is not part of Node before 22.
    return new AgentClient({ host: `127.0.0.1:${server.port}`, agent: 'assistant', name, WebSocket });
  }

  it('learns the identity of the agent', LIMIT, async () => {
    const client = connect('x');
    await client.ready;
    assert.equal(client.agent, 'assistant');
    assert.equal(client.name, 'x');
    client.close();
  });

  it('streams an answer through raw frames', LIMIT, async () => {
    const name = randomUUID();
    const client = connect(name);
    await client.ready;
    const id = randomUUID();
    const message = question();
    const frames = [];
    const done = new Promise((resolve) => {
      client.addEventListener('message', (event) => {
        const frame = JSON.parse(event.data);
        if (frame.type !== 'cf_agent_use_chat_response' || frame.id !== id) return;
        frames.push(frame);
        if (frame.done) resolve();
      });
    });
    client.send(
      JSON.stringify({
        type: 'cf_agent_use_chat_request',
        id,
        init: {
          method: 'POST',
          body: JSON.stringify({ messages: [message], trigger: 'submit-message' }),
        },
      }),
    );
    await done;
    client.close();

    const last = frames.at(-1);
    assert.deepEqual(last.messageIds, [message.id]);
    const chunks = frames.filter((frame) => frame.body).map((frame) => JSON.parse(frame.body));
    assert.equal(chunks[0].type, 'start');
    const streamed = textDeltas(chunks);
    assert.ok(chunks.filter((chunk) => chunk.type === 'text-delta').length > 1);
    await assertHistory(name, message, streamed, chunks[0].messageId);
  });

  it('streams an answer through the chat transport', LIMIT, async () => {
    const name = randomUUID();
    const client = connect(name);
    await client.ready;
    const transport = new WebSocketChatTransport({ agent: client });
    const message = question();
    const stream = await transport.sendMessages({
      chatId: name,
      messages: [message],
      trigger: 'submit-message',
      messageId: undefined,
      abortSignal: undefined,
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    client.close();
    assert.ok(chunks.some((chunk) => chunk.type === 'finish'));
    const start = chunks.find((chunk) => chunk.type === 'start');
    await assertHistory(name, message, textDeltas(chunks), start.messageId);
  });

  it('runs a request that is sent twice only once', LIMIT, async () => {
    const name = randomUUID();
    const client = connect(name);
    await client.ready;
    const id = randomUUID();
    const done = new Promise((resolve) => {
      client.addEventListener('message', (event) => {
        const frame = JSON.parse(event.data);
        if (frame.type === 'cf_agent_use_chat_response' && frame.id === id && frame.done) resolve();
      });
    });
    const body = JSON.stringify({ messages: [question()], trigger: 'submit-message' });
    const request = JSON.stringify({
      type: 'cf_agent_use_chat_request',
      id,
      init: { method: 'POST', body },
    });
    client.send(request);
    client.send(request);
    await done;
    client.send(request);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    client.close();
    const roles = (await history(server.origin, name)).map((message) => message.role);
    assert.deepEqual(roles, ['user', 'assistant']);
  });

  it('is told when a method does not exist', LIMIT, async () => {
    const client = connect('x');
    await client.ready;
    await assert.rejects(client.call('no_such_method'), /Method no_such_method does not exist/);
    client.close();
  });

  function question() {
    return { id: randomUUID(), role: 'user', parts: [{ type: 'text', text: SHORT_QUESTION }] };
  }

  function textDeltas(chunks) {
    return chunks
      .filter((chunk) => chunk.type === 'text-delta')
      .map((chunk) => chunk.delta)
      .join('');
  }

  async function assertHistory(name, message, streamed, answerId) {
    assert.ok(streamed.length > 0, 'the answer has text');
    const messages = await history(server.origin, name);
    assert.deepEqual(messages.map(({ role }) => role), ['user', 'assistant']);
    assert.equal(messages[0].id, message.id);
    assert.equal(messages[1].id, answerId);
    assert.equal(textOf(messages[1]), streamed, 'what was streamed is what was kept');
  }
});
