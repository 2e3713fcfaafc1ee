// What must not hurt the server: frames and requests nobody should send.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import WebSocket from 'ws';
import { Server } from './support/server.mjs';

const LIMIT = { timeout: 60_000 };

describe('bad input on the wire', () => {
  let server;

  before(async () => {
    server = await Server.start();
  });
  after(() => server?.dispose());

  const address = (agent, name) => `ws://127.0.0.1:${server.port}/agents/${agent}/${name}`;

  /** Opens a socket and collects what arrives on it. */
  async function connect(name = randomUUID()) {
    const socket = new WebSocket(address('assistant', name));
    socket.frames = [];
    socket.on('message', (data) => socket.frames.push(JSON.parse(data)));
    socket.on('error', () => {});
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return socket;
  }

  /** Waits for a frame that fits; nothing comes of it once the socket is closed. */
  async function frame(socket, fits) {
    for (;;) {
      const found = socket.frames.find(fits);
      if (found || socket.readyState === WebSocket.CLOSED) return found;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async function answersStill(socket) {
    const id = randomUUID();
    socket.send(JSON.stringify({ type: 'rpc', id, method: 'no_such_method', args: [] }));
    const reply = await frame(socket, (frame) => frame.type === 'rpc' && frame.id === id);
    assert.equal(reply.success, false);
    assert.equal(reply.error, 'Method no_such_method does not exist');
  }

  it('malformed frames are ignored and the connection goes on', LIMIT, async () => {
    const socket = await connect();
    for (const bad of ['', 'hello', '{', '[]', 'null', '{"type":42}', '{"type":"no_such_type"}']) {
      socket.send(bad);
    }
    socket.send(Buffer.from([0, 255, 1]));
    socket.send('{"type":"cf_agent_use_chat_request","id":"x","init":{"method":"POST","body":"{"}}');
    await answersStill(socket);
    socket.close();
  });

  it('an unknown agent is refused with 400', LIMIT, async () => {
    const response = await fetch(`${server.origin}/agents/nobody/x`);
    assert.equal(response.status, 400);
    const refused = await new Promise((resolve) => {
      const socket = new WebSocket(address('nobody', 'x'));
      socket.on('unexpected-response', (_, response) => resolve(response.statusCode));
      socket.on('error', () => {});
    });
    assert.equal(refused, 400);
  });

  it('a path that matches nothing is 404', LIMIT, async () => {
    assert.equal((await fetch(`${server.origin}/no/such/page`)).status, 404);
  });

  it('a message over the size limit ends that connection and nothing else', LIMIT, async () => {
    const other = await connect();
    const socket = await connect();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.send(JSON.stringify({ type: 'no_such_type', padding: 'x'.repeat(64 << 20) }));
    const refused = await Promise.race([
      closed,
      frame(socket, (frame) => frame.type === 'cf_agent_use_chat_response' && frame.error),
    ]);
    assert.ok(refused !== undefined);
    await answersStill(other);
    assert.equal((await fetch(`${server.origin}/healthz`)).status, 200);
    other.close();
    socket.terminate();
  });
});
