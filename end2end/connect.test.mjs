// What the server says first on every new connection, and in which order.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { cut, received } from './support/clients.mjs';
import { useViews } from './support/react.mjs';
import { useHost } from './support/suite.mjs';

const LIMIT = { timeout: 60_000 };
const NO_SERVERS = { servers: {}, tools: [], prompts: [], resources: [] };

describe('the first frames of a connection', () => {
  const { host, clients } = useHost();
  const views = useViews(host);

  const servers = (client) => received(client, ({ type }) => type === 'cf_agent_mcp_servers');

  it('are identity, state and MCP servers, at every connect', LIMIT, async () => {
    const name = randomUUID();
    const client = await clients.connect('CounterAgent', { name });
    const first = [
      { type: 'cf_agent_identity', name, agent: 'counter-agent', stateFollows: true },
      { type: 'cf_agent_state', state: { counter: 0 } },
      { type: 'cf_agent_mcp_servers', mcp: NO_SERVERS },
    ];
    await servers(client);
    assert.deepEqual(client.frames, first);
    await cut(host, client);
    client.frames.length = 0;
    await host.again();
    await servers(client);
    assert.deepEqual(client.frames, first);
  });

  it('leave the state out where there is none', LIMIT, async () => {
    const client = await clients.connect('EchoAgent');
    await servers(client);
    assert.deepEqual(
      client.frames.map(({ type, stateFollows }) => [type, stateFollows ?? false]),
      [
        ['cf_agent_identity', false],
        ['cf_agent_mcp_servers', false],
      ],
    );
  });

  it('tell useAgent of the MCP servers', LIMIT, async () => {
    const view = await views.connect({ agent: 'CounterAgent', name: randomUUID() });
    await view.until(() => view.heardBy('mcp').length > 0);
    assert.deepEqual(view.heardBy('mcp'), [[NO_SERVERS]]);
  });
});
