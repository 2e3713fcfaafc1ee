// `useAgent` in a page: identity, state and calls.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { receivedState, streamed } from './support/clients.mjs';
import { useViews } from './support/react.mjs';
import { useHost } from './support/suite.mjs';

const LIMIT = { timeout: 60_000 };

describe('useAgent', () => {
  const { host, clients } = useHost();
  const views = useViews(host);

  const list = (count, ...items) => ({ count, items, lastUpdated: null });

  it('learns who it talks to, and the state', LIMIT, async () => {
    const name = randomUUID();
    const view = views.mount({ agent: 'TestStateAgent', name });
    await view.until(({ agent }) => agent);
    assert.equal(view.shown.identified, false);
    assert.equal(view.shown.state, undefined);
    await view.ready();
    await view.agent.ready;
    assert.deepEqual(view.shown, {
      name,
      type: 'test-state-agent',
      identified: true,
      state: list(0),
    });
    // The state is there before the identity is told.
    assert.deepEqual(view.heard.slice(0, 3), [
      ['open'],
      ['state', list(0), 'server'],
      ['identity', name, 'test-state-agent'],
    ]);
  });

  it('shares a state with a client, both ways', LIMIT, async () => {
    const name = randomUUID();
    const view = await views.connect({ agent: 'TestStateAgent', name });
    const client = await clients.connect('TestStateAgent', { name });
    view.agent.setState(list(1, 'from the hook'));
    assert.deepEqual(view.agent.state, list(1, 'from the hook'), 'seen by the hook at once');
    await receivedState(client, ({ count }) => count === 1);
    await view.until(({ shown }) => shown.state.count === 1);
    client.setState(list(2, 'from the client'));
    await view.until(({ shown }) => shown.state.count === 2);
    assert.deepEqual(view.shown.state, list(2, 'from the client'));
    // Its own update does not come back to it.
    assert.deepEqual(view.heardBy('state').slice(1), [
      [list(1, 'from the hook'), 'client'],
      [list(2, 'from the client'), 'server'],
    ]);
    const updates = await clients.updates(name, 3);
    assert.deepEqual(
      updates.map(({ source }) => source),
      ['server', view.agent.id, client.id],
    );
  });

  it('shares a state between two components of one page', LIMIT, async () => {
    const options = { agent: 'CounterAgent', name: randomUUID() };
    const [one, two] = await Promise.all([views.connect(options), views.connect(options)]);
    assert.notEqual(one.agent.id, two.agent.id);
    assert.equal(await one.agent.call('increment'), 1);
    await Promise.all([one, two].map((view) => view.until(({ shown }) => shown.state.counter === 1)));
    two.agent.setState({ counter: 10 });
    await one.until(({ shown }) => shown.state.counter === 10);
    assert.equal(await one.agent.call('getCounter'), 10);
  });

  it('calls, by name and through the stub', LIMIT, async () => {
    const { agent } = await views.connect({ agent: 'TestCallableAgent', name: randomUUID() });
    assert.equal(await agent.call('add', [2, 3]), 5);
    assert.equal(await agent.stub.add(20, 22), 42);
    assert.equal(await agent.stub.asyncMethod(1), 'done');
    assert.equal(await agent.stub.returnNull(), null);
    assert.equal(await agent.stub.voidMethod(), undefined);
    for (const [method, args, message] of [
      ['throwError', ['on purpose'], 'on purpose'],
      ['delayedThrow', [1], 'delayed failure'],
      ['privateMethod', [], 'Method privateMethod is not callable'],
      ['noSuchMethod', [], 'Method noSuchMethod does not exist'],
    ]) {
      await assert.rejects(agent.call(method, args), { message });
      await assert.rejects(agent.stub[method](...args), { message });
    }
  });

  it('streams', LIMIT, async () => {
    const { agent } = await views.connect({ agent: 'TestCallableAgent', name: randomUUID() });
    for (const [method, args, expected] of [
      ['streamNumbers', [3], { chunks: [0, 1, 2], end: 3 }],
      ['streamWithDelay', [['a', 'b'], 1], { chunks: ['a', 'b'], end: 'complete' }],
      ['streamError', [], { chunks: ['chunk1'], error: 'Stream failed' }],
      ['streamGracefulError', [], { chunks: ['chunk1'], error: 'Graceful error' }],
      ['streamDoubleClose', [], { chunks: ['chunk1'], error: 'First close' }],
      ['streamThrowsImmediately', [], { chunks: [], error: 'Immediate failure' }],
    ]) {
      assert.deepEqual(await streamed(agent, method, args), expected, method);
    }
  });

  it('gives up a call that takes too long, and only that', LIMIT, async () => {
    const options = { agent: 'TestCallableAgent', name: randomUUID(), defaultCallTimeout: 150 };
    const { agent } = await views.connect(options);
    await assert.rejects(agent.call('hang'), { message: 'RPC call to hang timed out after 150ms' });
    await assert.rejects(agent.call('hang', [], { timeout: 50 }), {
      message: 'RPC call to hang timed out after 50ms',
    });
    // A timeout of its own, and a stream, which has none.
    assert.equal(await agent.call('asyncMethod', [300], { timeout: 10_000 }), 'done');
    const letters = [['a', 'b', 'c'], 100];
    assert.equal((await streamed(agent, 'streamWithDelay', letters)).end, 'complete');
  });

  it('answers what is called before it is connected', LIMIT, async () => {
    const view = views.mount({ agent: 'TestCallableAgent', name: randomUUID() });
    await view.until(({ agent }) => agent);
    assert.notEqual(view.agent.readyState, view.agent.OPEN);
    assert.equal(await view.agent.call('add', [1, 2]), 3);
  });

  for (const [what, query] of [
    ['a query', { readonly: 'true' }],
    ['a query that is fetched', async () => ({ readonly: 'true' })],
  ]) {
    it(`is told that it may only read, by ${what}`, LIMIT, async () => {
      const name = randomUUID();
      const reader = await views.connect({ agent: 'TestReadonlyAgent', name, query });
      const writer = await views.connect({ agent: 'TestReadonlyAgent', name });
      reader.agent.setState({ count: 9 });
      await reader.until((view) => view.heardBy('state error').length > 0);
      assert.deepEqual(reader.heardBy('state error'), [['Connection is readonly']]);
      assert.deepEqual(writer.heardBy('state'), [[{ count: 0 }, 'server']]);
      writer.agent.setState({ count: 1 });
      await reader.until(({ shown }) => shown.state.count === 1);
      assert.deepEqual(writer.heardBy('state error'), []);
    });
  }
});
