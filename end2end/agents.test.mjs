// Agents written with the SDK, driven by Cloudflare's own client, from npm, unmodified.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { next, received, receivedState, streamed } from './support/clients.mjs';
import { useHost } from './support/suite.mjs';

const LIMIT = { timeout: 60_000 };

describe('agents and the npm client', () => {
  const { host, clients } = useHost();

  it('calls, and gets results and errors', LIMIT, async () => {
    const client = await clients.connect('TestCallableAgent');
    assert.equal(await client.call('add', [2, 3]), 5);
    assert.equal(await client.call('asyncMethod', [5]), 'done');
    assert.equal(await client.call('returnNull'), null);
    assert.equal(await client.call('voidMethod'), undefined);
    assert.equal(await client.call('returnUndefined'), undefined);
    for (const [method, args, error] of [
      ['throwError', ['on purpose'], /on purpose/],
      ['delayedThrow', [5], /delayed failure/],
      ['privateMethod', [], /Method privateMethod is not callable/],
      ['noSuchMethod', [], /Method noSuchMethod does not exist/],
    ]) {
      await assert.rejects(client.call(method, args), error);
    }
    await assert.rejects(client.call('hang', [], { timeout: 100 }), /timed out/i);
    assert.equal(await client.call('add', [1, 1]), 2, 'the connection goes on');
  });

  it('streams', LIMIT, async () => {
    const client = await clients.connect('TestCallableAgent');
    assert.deepEqual(await streamed(client, 'streamNumbers', [3]), { chunks: [0, 1, 2], end: 3 });
    assert.deepEqual(await streamed(client, 'streamWithDelay', [['a', 'b'], 5]), {
      chunks: ['a', 'b'],
      end: 'complete',
    });
    for (const [method, chunks, error] of [
      ['streamError', ['chunk1'], /Stream failed/],
      ['streamGracefulError', ['chunk1'], /Graceful error/],
      ['streamDoubleClose', ['chunk1'], /First close/],
      ['streamThrowsImmediately', [], /Immediate failure/],
    ]) {
      const result = await streamed(client, method);
      assert.deepEqual(result.chunks, chunks, method);
      assert.match(String(result.error), error);
    }
  });

  it('keeps a state that everybody sees and that survives kill -9', LIMIT, async () => {
    const name = randomUUID();
    const one = await clients.connect('CounterAgent', { name });
    const two = await clients.connect('CounterAgent', { name });
    assert.equal(await one.call('increment'), 1);
    await receivedState(two, (state) => state.counter === 1);
    two.setState({ counter: 41 });
    await receivedState(one, (state) => state.counter === 41);
    one.close();
    two.close();
    await host.crash();
    const later = await clients.connect('CounterAgent', { name });
    assert.equal(await later.call('getCounter'), 41);
    assert.equal(await later.call('increment'), 42);
  });

  it('tells who changed a state, and answers HTTP', LIMIT, async () => {
    const name = randomUUID();
    const client = await clients.connect('TestStateAgent', { name });
    const state = { count: 2, items: ['x'], lastUpdated: null };
    const other = await clients.connect('TestStateAgent', { name });
    client.setState(state);
    await receivedState(other, ({ count }) => count === 2);
    const ask = async (below, init) => {
      const response = await clients.fetch('TestStateAgent', name, below, init);
      return response.status === 200 ? response.json() : response.status;
    };
    assert.deepEqual(await ask('state'), { state });
    const updates = await clients.updates(name, 2);
    assert.deepEqual(updates[0], {
      state: { count: 0, items: [], lastUpdated: null },
      source: 'server',
    });
    assert.deepEqual(updates[1].state, state);
    assert.notEqual(updates[1].source, 'server');
    const echo = await ask('echo', { method: 'POST', body: 'hello' });
    assert.equal(echo.method, 'POST');
    assert.equal(echo.body, 'hello');
    assert.deepEqual(await ask('connections'), { count: 2 });
    assert.equal(await ask('anything-else'), 404);
  });

  it('refuses a state from a connection that may only read', LIMIT, async () => {
    const name = randomUUID();
    const reader = await clients.connect('TestReadonlyAgent', { name, query: { readonly: 'true' } });
    reader.setState({ count: 9 });
    const { error } = await received(reader, ({ type }) => type === 'cf_agent_state_error');
    assert.equal(error, 'Connection is readonly');
  });

  it('echoes what is not a frame, and counts it', LIMIT, async () => {
    const client = await clients.connect('EchoAgent');
    client.binaryType = 'arraybuffer';
    const got = [];
    const three = new Promise((resolve) => {
      client.addEventListener('message', (event) => {
        const own = typeof event.data !== 'string' || !event.data.includes('cf_agent_');
        if (own && got.push(event.data) === 3) resolve();
      });
    });
    client.send('hello');
    client.send(new Uint8Array([0, 255]));
    client.send('hits');
    await three;
    assert.equal(got[0], 'hello');
    assert.deepEqual([...new Uint8Array(got[1])], [0, 255]);
    assert.deepEqual(JSON.parse(got[2]), { hits: 2 });
  });

  it('is closed for good with a terminal code', LIMIT, async () => {
    const client = await clients.connect('TestCallableAgent');
    const closed = next(client, 'close');
    assert.equal(await client.call('closeConnectionsForTest', [4001, 'enough']), 1);
    const { code, reason } = await closed;
    assert.equal(code, 4001);
    assert.equal(reason, 'enough');
  });
});
