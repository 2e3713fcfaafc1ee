// `AgentClient` when its connection breaks: what fails, what waits, what comes back.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { AgentConnectionError } from 'agents/client';
import { cut, next, receivedState, streamed } from './support/clients.mjs';
import { useHost } from './support/suite.mjs';

const LIMIT = { timeout: 60_000 };
const CLOSED = { message: 'Connection closed' };

describe('the npm client and a connection that breaks', () => {
  const { host, clients } = useHost();

  it('fails the calls that are under way', LIMIT, async () => {
    const client = await clients.connect('TestCallableAgent');
    const hanging = assert.rejects(client.call('hang'), CLOSED);
    const pieces = [];
    const streaming = new Promise((resolve) => {
      const stream = {
        onChunk: (piece) => pieces.push(piece) === 1 && cut(host, client),
        onError: resolve,
      };
      client.call('streamWithDelay', [Array(1_000).fill('x'), 5], { stream }).catch(() => {});
    });
    assert.equal(await streaming, CLOSED.message);
    await hanging;
    assert.ok(pieces.length < 1_000);
    await host.again();
    await client.ready;
    assert.equal(await client.call('add', [1, 2]), 3);
  });

  it('answers what was called while there was no server', LIMIT, async () => {
    const client = await clients.connect('TestCallableAgent');
    await cut(host, client);
    const sum = client.call('add', [2, 3]);
    const failure = assert.rejects(client.call('throwError', ['late']), { message: 'late' });
    const stream = streamed(client, 'streamNumbers', [2]);
    await host.again();
    assert.equal(await sum, 5);
    await failure;
    assert.deepEqual(await stream, { chunks: [0, 1], end: 2 });
  });

  it('is identified anew and sees the state anew', LIMIT, async () => {
    const name = randomUUID();
    const client = await clients.connect('CounterAgent', { name });
    assert.equal(await client.call('increment'), 1);
    await receivedState(client, ({ counter }) => counter === 1);
    const { ready } = client;
    await cut(host, client);
    assert.equal(client.identified, false);
    assert.notEqual(client.ready, ready);
    client.frames.length = 0;
    await host.again();
    await client.ready;
    assert.equal(client.identified, true);
    assert.deepEqual(client.state, { counter: 1 });
    assert.deepEqual(client.frames.slice(0, 2), [
      { type: 'cf_agent_identity', name, agent: 'counter-agent', stateFollows: true },
      { type: 'cf_agent_state', state: { counter: 1 } },
    ]);
  });

  it('delivers a state that was set while there was no server', LIMIT, async () => {
    const name = randomUUID();
    const [one, two] = [await clients.connect('CounterAgent', { name }), await clients.connect('CounterAgent', { name })];
    await cut(host, one);
    one.setState({ counter: 7 });
    await host.again();
    await receivedState(two, ({ counter }) => counter === 7);
    assert.equal(await one.call('getCounter'), 7);
  });

  for (const code of [1008, 4000, 4001, 4999]) {
    it(`does not connect again after ${code}`, LIMIT, async () => {
      const name = randomUUID();
      const errors = [];
      const client = await clients.connect('TestCallableAgent', {
        name,
        onConnectionError: (error) => errors.push(error),
      });
      const closed = next(client, 'close');
      const hanging = assert.rejects(client.call('hang'), CLOSED);
      assert.equal(await client.call('closeConnectionsForTest', [code, 'no more']), 1);
      const event = await closed;
      assert.deepEqual([event.code, event.reason], [code, 'no more']);
      await hanging;
      assert.equal(client.shouldReconnect, false);
      assert.ok(client.connectionError instanceof AgentConnectionError);
      assert.equal(client.connectionError.code, code);
      assert.equal(client.connectionError.message, 'Agent connection closed: no more');
      assert.deepEqual(errors, [client.connectionError]);
      await assert.rejects(client.call('add', [1, 2]), CLOSED);
    });
  }

  for (const code of [1000, 1001, 1011, 1012, 3000]) {
    it(`connects again after ${code}`, LIMIT, async () => {
      const name = randomUUID();
      const client = await clients.connect('TestCallableAgent', { name });
      const other = await clients.connect('TestCallableAgent', { name });
      const closed = [next(client, 'close'), next(other, 'close')];
      assert.equal(await client.call('closeConnectionsForTest', [code, 'for now']), 2);
      for (const event of await Promise.all(closed)) assert.equal(event.code, code);
      await Promise.all([client.ready, other.ready]);
      assert.equal(client.connectionError, null);
      assert.equal(await client.call('add', [1, 2]), 3);
      assert.equal(await other.call('closeConnectionsForTest', [4001, 'enough']), 2);
    });
  }

  it('is gone from the server once it is closed', LIMIT, async () => {
    const name = randomUUID();
    const client = await clients.connect('TestStateAgent', { name });
    await clients.connect('TestStateAgent', { name });
    await clients.connections(name, 2);
    client.close();
    await clients.connections(name, 1);
  });

  it('keeps its connection id', LIMIT, async () => {
    const name = randomUUID();
    const client = await clients.connect('TestStateAgent', { name });
    await cut(host, client);
    await host.again();
    await client.ready;
    client.setState({ count: 3, items: [], lastUpdated: null });
    const other = await clients.connect('TestStateAgent', { name });
    await receivedState(other, ({ count }) => count === 3);
    const updates = await clients.updates(name, 2);
    assert.equal(updates.at(-1).source, client.id);
  });
});
