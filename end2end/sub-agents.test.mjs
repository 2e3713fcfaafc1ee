// Sub-agents: instances that live below another one and are reached through it.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import WebSocket from 'ws';
import { cut, received, receivedState } from './support/clients.mjs';
import { useViews } from './support/react.mjs';
import { useHost } from './support/suite.mjs';

const LIMIT = { timeout: 60_000 };

describe('sub-agents', () => {
  const { host, clients } = useHost();
  const views = useViews(host);

  const below = (child) => `sub/counter-sub-agent/${encodeURIComponent(child)}`;

  /** Connects to a child; `AgentClient` has no option for it but the path. */
  const connect = (parent, child) =>
    clients.connect('TestParentAgent', { name: parent, path: below(child) });

  const counted = (client, count) => receivedState(client, (state) => state.count === count);

  it('have an identity and a state of their own', LIMIT, async () => {
    const client = await connect(randomUUID(), 'kitchen');
    assert.equal(client.name, 'kitchen');
    assert.equal(client.agent, 'counter-sub-agent');
    assert.deepEqual(client.state, { count: 0 });
    const [servers, identity, state] = client.frames;
    assert.equal(servers.type, 'cf_agent_mcp_servers', "the parent's frame comes first");
    assert.deepEqual(identity, {
      type: 'cf_agent_identity',
      name: 'kitchen',
      agent: 'counter-sub-agent',
      stateFollows: true,
    });
    assert.deepEqual(state, { type: 'cf_agent_state', state: { count: 0 } });
  });

  it('are reached by basePath as well', LIMIT, async () => {
    const parent = randomUUID();
    const basePath = `agents/test-parent-agent/${parent}/${below('attic')}`;
    const client = await clients.connect('TestParentAgent', { basePath });
    await client.call('increment');
    await counted(await connect(parent, 'attic'), 1);
  });

  it('count on their own, below one parent and below another', LIMIT, async () => {
    const [parent, other] = [randomUUID(), randomUUID()];
    const [one, again, two, elsewhere] = await Promise.all([
      connect(parent, 'one'),
      connect(parent, 'one'),
      connect(parent, 'two'),
      connect(other, 'one'),
    ]);
    await one.call('increment');
    await one.call('increment');
    await two.call('increment');
    await counted(again, 2);
    await counted(two, 1);
    again.setState({ count: 7 });
    await counted(one, 7);
    // One round trip later, nothing of that has reached the others.
    await Promise.all([two.call('increment'), elsewhere.call('increment')]);
    await counted(two, 2);
    await counted(elsewhere, 1);
    for (const client of [two, elsewhere]) {
      assert.ok(client.frames.every(({ state }) => !state || state.count < 3));
    }
  });

  it('have no methods of their parent, nor it of theirs', LIMIT, async () => {
    const name = randomUUID();
    const child = await connect(name, 'one');
    const parent = await clients.connect('TestParentAgent', { name });
    await assert.rejects(child.call('deleteChild', ['one']), {
      message: 'Method deleteChild does not exist',
    });
    await assert.rejects(parent.call('increment'), { message: 'Method increment does not exist' });
  });

  it('survive `kill -9`', LIMIT, async () => {
    const parent = randomUUID();
    const client = await connect(parent, 'one');
    await client.call('increment');
    await counted(client, 1);
    await cut(host, client);
    client.frames.length = 0;
    const incremented = client.call('increment');
    await host.again();
    await incremented;
    assert.equal((await received(client, ({ type }) => type === 'cf_agent_state')).state.count, 1);
    await counted(client, 2);
    await counted(await connect(parent, 'one'), 2);
  });

  it('begin anew when they were deleted, and their siblings do not', LIMIT, async () => {
    const name = randomUUID();
    const parent = await clients.connect('TestParentAgent', { name });
    for (const child of ['one', 'two']) {
      const client = await connect(name, child);
      await client.call('increment');
      await counted(client, 1);
      client.close();
    }
    await parent.call('deleteChild', ['one']);
    assert.deepEqual((await connect(name, 'one')).state, { count: 0 });
    assert.deepEqual((await connect(name, 'two')).state, { count: 1 });
    await host.crash();
    assert.deepEqual((await connect(name, 'one')).state, { count: 0 });
    assert.deepEqual((await connect(name, 'two')).state, { count: 1 });
  });

  it('are not there without a parent', LIMIT, async () => {
    const name = randomUUID();
    await connect(randomUUID(), name);
    assert.equal((await clients.fetch('CounterSubAgent', name, undefined)).status, 400);
    const status = await new Promise((resolve, reject) => {
      const socket = new WebSocket(`ws://${host.address}/agents/counter-sub-agent/${name}`);
      socket.on('unexpected-response', (_, response) => resolve(response.statusCode));
      socket.on('open', () => reject(new Error('it was let in')));
      socket.on('error', () => {});
    });
    assert.equal(status, 400);
  });

  for (const child of ['one', 'a/b: Grüße 🏚️']) {
    it(`work with useAgent's option: ${child}`, LIMIT, async () => {
      const name = randomUUID();
      const sub = [{ agent: 'CounterSubAgent', name: child }];
      const view = await views.connect({ agent: 'TestParentAgent', name, sub });
      assert.deepEqual(view.shown, {
        name: child,
        type: 'counter-sub-agent',
        identified: true,
        state: { count: 0 },
      });
      await view.agent.stub.increment();
      await view.until(({ shown }) => shown.state.count === 1);
      const client = await connect(name, child);
      client.setState({ count: 5 });
      await view.until(({ shown }) => shown.state.count === 5);
    });
  }
});
