// A request to stop, as a service manager sends it: what is running ends well, and in time.

import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { history, LONG_QUESTION, textOf } from './support/chat.mjs';
import { ScriptedProvider } from './support/scripted.mjs';
import { embeddedConfig, providerConfig, Server } from './support/server.mjs';
import { Wire } from './support/wire.mjs';

const hostOf = (server) => ({ address: `127.0.0.1:${server.port}` });

/** What a server answers about itself once it is to stop. */
async function unready(server) {
  let ready;
  do ready = await fetch(`${server.origin}/readyz`);
  while (ready.status === 200);
  assert.equal(ready.status, 503);
  return ready;
}

describe('a request to stop', () => {
  let server;

  before(async () => {
    server = await Server.start({ config: `grace_seconds = 2\n${embeddedConfig()}` });
  });
  after(() => server?.dispose());

  it('is told to who asks, and what was answered until then is kept', async () => {
    const wire = await Wire.open(hostOf(server), 'assistant', 'cut');
    wire.say(LONG_QUESTION);
    await wire.until(({ type, body }) => /response$/.test(type) && /text-delta/.test(body ?? ''));

    const ended = server.stop();
    assert.equal((await (await unready(server)).json()).status, 'stopping');
    assert.equal((await fetch(`${server.origin}/healthz`)).status, 200, 'it is still up');
    assert.equal(await ended, 0);

    await server.start();
    const messages = await history(server.origin, 'cut');
    assert.deepEqual(messages.map(({ role }) => role), ['user', 'assistant']);
    const answer = messages[1].parts.filter(({ type }) => type === 'text');
    assert.ok(answer.some(({ text }) => text.length > 0));
  });

  it('lets an answer come to its end that takes no longer than that', async () => {
    const provider = await ScriptedProvider.start(() => 'Nearly done');
    const other = await Server.start({ config: `grace_seconds = 30\n${providerConfig('scripted')}`, env: provider.env });
    try {
      const wire = await Wire.open(hostOf(other), 'assistant', 'finished');
      await wire.chunk(wire.say('Please hold'), 'text-delta');
      const ended = other.stop();
      await unready(other);
      provider.release();
      assert.equal(await ended, 0);
      assert.deepEqual(provider.asked, ['Please hold']);
      await other.start();
      assert.deepEqual((await history(other.origin, 'finished')).map(textOf), ['Please hold', 'Nearly done']);
      assert.deepEqual(provider.asked, ['Please hold'], 'it was not asked again');
    } finally {
      await other.dispose();
      provider.stop();
    }
  });

  it('is not held up by a request that never ends', async () => {
    const socket = net.connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.write(
      'POST /api/highlight HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n' +
        'content-length: 100\r\nexpect: 100-continue\r\n\r\n',
    );
    // The server reads the body: the request has arrived.
    await new Promise((resolve) => socket.once('data', resolve));
    assert.equal(await server.stop(), 0);
    socket.destroy();
  });
});
