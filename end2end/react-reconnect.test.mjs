// `useAgent` when its connection breaks, ends, or goes elsewhere.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { receivedState, streamed } from './support/clients.mjs';
import { useViews } from './support/react.mjs';
import { useHost } from './support/suite.mjs';

const LIMIT = { timeout: 60_000 };
const CLOSED = { message: 'Connection closed' };

describe('useAgent and a connection that breaks', () => {
  const { host, clients } = useHost();
  const views = useViews(host);

  /** `kill -9`, seen by the component. */
  async function cut(view) {
    await host.kill();
    await view.until(({ shown }) => !shown?.identified);
  }

  it('connects again after `kill -9` and shows the state that was kept', LIMIT, async () => {
    const name = randomUUID();
    const view = await views.connect({ agent: 'CounterAgent', name });
    const { agent } = view;
    assert.equal(await agent.call('increment'), 1);
    await view.until(({ shown }) => shown.state.counter === 1);
    await cut(view);
    assert.deepEqual(view.shown.state, { counter: 1 }, 'it goes on showing what it knew');
    view.heard.length = 0;
    await host.again();
    await view.ready();
    // Attempts while nobody listened have ended as well.
    const heard = view.heard.filter(([event]) => event !== 'close');
    assert.deepEqual(heard.slice(0, 3), [
      ['open'],
      ['state', { counter: 1 }, 'server'],
      ['identity', name, 'counter-agent'],
    ]);
    assert.equal(view.agent, agent, 'the same object');
    assert.equal(await agent.call('increment'), 2);
    await view.until(({ shown }) => shown.state.counter === 2);
  });

  it('fails the calls that are under way and answers those made meanwhile', LIMIT, async () => {
    const view = await views.connect({ agent: 'TestCallableAgent', name: randomUUID() });
    const { agent } = view;
    const hanging = assert.rejects(agent.call('hang'), CLOSED);
    const streaming = streamed(agent, 'streamWithDelay', [Array(1_000).fill('x'), 20]);
    assert.equal(await agent.call('add', [1, 1]), 2);
    await cut(view);
    await hanging;
    assert.equal((await streaming).error, CLOSED.message);
    const sum = agent.call('add', [2, 3]);
    const failure = assert.rejects(agent.stub.throwError('late'), { message: 'late' });
    const stream = streamed(agent, 'streamNumbers', [2]);
    await host.again();
    assert.equal(await sum, 5);
    await failure;
    assert.deepEqual(await stream, { chunks: [0, 1], end: 2 });
  });

  it('fetches its query again before it connects again', LIMIT, async () => {
    let readonly = 'false';
    const query = async () => ({ readonly });
    const name = randomUUID();
    const view = await views.connect({ agent: 'TestReadonlyAgent', name, query });
    view.agent.setState({ count: 1 });
    const client = await clients.connect('TestReadonlyAgent', { name });
    await receivedState(client, ({ count }) => count === 1);
    readonly = 'true';
    await cut(view);
    await host.again();
    await view.ready();
    assert.deepEqual(view.heardBy('state error'), []);
    view.agent.setState({ count: 2 });
    await view.until(() => view.heardBy('state error').length > 0);
  });

  it('stays away after a terminal close code', LIMIT, async () => {
    const name = randomUUID();
    const view = await views.connect({ agent: 'TestCallableAgent', name });
    const hanging = assert.rejects(view.agent.call('hang'), CLOSED);
    assert.equal(await view.agent.call('closeConnectionsForTest', [4001, 'x']), 1);
    await hanging;
    await view.until(({ shown }) => shown.error);
    assert.equal(view.shown.error, 'Agent connection closed: x');
    assert.deepEqual(view.heardBy('close'), [[4001, 'x']]);
    const [[error]] = view.heardBy('connection error');
    assert.deepEqual([error.code, error.reason], [4001, 'x']);
    assert.equal(view.agent.shouldReconnect, false);
    await assert.rejects(view.agent.call('add', [1, 2]), CLOSED);
    const other = await clients.connect('TestCallableAgent', { name });
    assert.equal(await other.call('closeConnectionsForTest', [4001, 'x']), 1, 'nobody came back');
  });

  it('connects again after any other close code', LIMIT, async () => {
    const view = await views.connect({ agent: 'TestCallableAgent', name: randomUUID() });
    await view.agent.call('closeConnectionsForTest', [1012, 'restarting']);
    await view.until(() => view.heardBy('open').length === 2);
    assert.deepEqual(view.heardBy('close'), [[1012, 'restarting']]);
    assert.deepEqual(view.heardBy('connection error'), []);
    assert.equal(await view.agent.call('add', [1, 2]), 3);
  });

  it('hangs up when its component is unmounted', LIMIT, async () => {
    const options = { agent: 'TestStateAgent', name: randomUUID() };
    const [one, two] = await Promise.all([views.connect(options), views.connect(options)]);
    await clients.connections(options.name, 2);
    one.unmount();
    await clients.connections(options.name, 1);
    two.unmount();
    await clients.connections(options.name, 0);
  });

  it('has one connection under StrictMode', LIMIT, async () => {
    const name = randomUUID();
    const view = await views.connect({ agent: 'TestStateAgent', name, strict: true });
    await clients.connections(name, 1);
    view.agent.setState({ count: 1, items: [], lastUpdated: null });
    const client = await clients.connect('TestStateAgent', { name });
    await receivedState(client, ({ count }) => count === 1);
  });

  it('moves to another instance when its name changes', LIMIT, async () => {
    const [first, second] = [randomUUID(), randomUUID()];
    const view = await views.connect({ agent: 'TestStateAgent', name: first });
    view.agent.setState({ count: 1, items: ['first'], lastUpdated: null });
    view.change({ name: second });
    await view.until(({ shown }) => shown.identified && shown.name === second);
    await view.until(({ shown }) => shown.state.count === 0);
    await clients.connections(first, 0);
    await clients.connections(second, 1);
    assert.deepEqual(
      view.heardBy('identity').map(([name]) => name),
      [first, second],
    );
    view.change({ name: first });
    await view.until(({ shown }) => shown.identified && shown.name === first);
    await view.until(({ shown }) => shown.state.items[0] === 'first');
    await clients.connections(second, 0);
  });
});
