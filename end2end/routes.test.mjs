// Every route there is, found in the source: what one person has kept is shown to nobody else by any of them.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { addUser, hostFor, signIn } from './support/people.mjs';
import { ScriptedProvider } from './support/scripted.mjs';
import { providerConfig, runBinary, Server } from './support/server.mjs';
import { Refused, Wire } from './support/wire.mjs';

const LIMIT = { timeout: 120_000 };
const root = fileURLToPath(new URL('..', import.meta.url));

/** What only Anna has said, or made. */
const SECRETS = ['Zanzibar', 'Stone Town', 'Pemba', 'Unguja'];

/** Routes of the server and of agents, as axum has them, and pages as the router of the app has them. */
async function routesInSource() {
  const found = new Set();
  for (const [folder, pattern] of [
    ['server/src/web', /\.route\(\s*"(\/[^"]*)"/g],
    ['server/src/api', /\.route\(\s*"(\/[^"]*)"/g],
    ['crates/agents/src', /\.route\(\s*"(\/[^"]*)"/g],
    ['app/src', /<Route path=path!\("([^"]*)"\)/g],
  ]) {
    const files = await readdir(path.join(root, folder), { recursive: true });
    for (const file of files.filter((file) => file.endsWith('.rs') && !/tests/.test(file))) {
      const [source] = (await readFile(path.join(root, folder, file), 'utf8')).split('#[cfg(test)]\nmod tests {');
      for (const [, route] of source.matchAll(pattern)) found.add(route.startsWith('/') ? route : `/${route}`);
    }
  }
  return [...found];
}

describe('every route', LIMIT, () => {
  let provider, server, anna, bob, routes, fill;

  before(async () => {
    provider = await ScriptedProvider.start(() => 'Stone Town is in Zanzibar.');
    server = await Server.start({ config: providerConfig('scripted'), env: provider.env });
    const passwords = { anna: await addUser(server, 'anna'), bob: await addUser(server, 'bob') };
    anna = await signIn(server, 'anna', passwords.anna);
    bob = await signIn(server, 'bob', passwords.bob);
    const mine = async (agent, work, name = 'default') => {
      const wire = await Wire.open(hostFor(server, anna), agent, name);
      const result = await work(wire);
      wire.close();
      return result;
    };
    await mine('assistant', (wire) => wire.turn(wire.say('Where is Zanzibar?')), 'talk');
    const folder = await mine('conversations', (wire) => wire.call('createFolder', 'Pemba'));
    await mine('conversations', (wire) => wire.call('moveToFolder', 'talk', folder));
    await mine('prompts', (wire) => wire.call('save', { id: '', name: 'Unguja', text: 'Tell me of Unguja.' }));
    await mine('tasks', (wire) => wire.call('create', { prompt: 'Watch Pemba.', kind: 'every', when: '60', zone: 'UTC' }));
    const kept = await fetch(`${server.origin}/agents/assistant/talk/files?name=Pemba.txt`, {
      method: 'POST', body: 'Unguja', headers: { cookie: anna, origin: server.origin },
    });
    const { url } = await kept.json();
    routes = await routesInSource();
    fill = (route) => {
      const whole = route
        .replace('{agent}/{name}/{*path}', 'assistant/talk/get-messages')
        .replace('{agent}', 'conversations').replace('{name}', 'default').replace('{*path}', 'export.json')
        .replace(/\{id\}|:id/, 'talk').replace('{token}', 'x').replace('{file}', 'x');
      return /share\/new/.test(whole) ? `${whole}?conversation=talk` : whole;
    };
    routes.push(url, ...['get-versions', 'get-approvals', 'export.md', 'export.json'].map((it) => `/agents/assistant/talk/${it}`));
    routes.push('/agents/conversations/default/export.json', '/agents/prompts/default/list.json', '/api/inspect/assistant/talk');
    routes.push('/agents?instance=assistant/talk');
  });
  after(async () => {
    await server?.dispose();
    provider?.stop();
  });

  async function ask(method, address, credentials) {
    const headers = { origin: server.origin, accept: 'text/html', 'content-type': 'application/json', ...credentials };
    const body = method === 'POST' ? JSON.stringify({ sql: 'SELECT * FROM sqlite_schema', model: 'assistant', user: 'talk' }) : undefined;
    const response = await fetch(server.origin + address, { method, headers, body, redirect: 'manual' });
    return { status: response.status, text: await response.text() };
  }

  const shown = (text) => SECRETS.filter((secret) => text.includes(secret));

  it('is known to this test, and shows Anna what is hers', async () => {
    assert.ok(routes.length > 45, `${routes.length}`);
    for (const route of ['/c/:id', '/v1/chat/completions', '/api/inspect/{agent}/{name}/sql', '/usage/people/{id}', '/s/{token}', '/tasks']) {
      assert.ok(routes.includes(route), route);
    }
    const seen = new Set();
    for (const route of routes) {
      for (const secret of shown((await ask('GET', fill(route), { cookie: anna })).text)) seen.add(secret);
    }
    assert.deepEqual([...seen].toSorted(), SECRETS.toSorted(), 'there is something to be hidden');
  });

  it('shows nothing of it to nobody, to Bob, or to a token of his', async () => {
    const made = await runBinary(['token', 'create', 'all', '--person', 'bob', '--scope', 'agents,models,read', '--data-dir', server.dataDir]);
    assert.equal(made.code, 0, made.stderr);
    const token = { authorization: `Bearer ${made.stdout.trim()}` };
    for (const route of routes) {
      for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS']) {
        for (const [who, credentials] of Object.entries({ nobody: {}, bob: { cookie: bob }, token })) {
          // This one is to end his session.
          if (route === '/sign-out' && method === 'POST') continue;
          const { status, text } = await ask(method, fill(route), credentials);
          const what = `${method} ${route} as ${who}: ${status}`;
          assert.ok(status < 500 || status === 501, what);
          assert.deepEqual(shown(text), [], what);
        }
      }
    }
    // All of it is still there.
    const { text } = await ask('GET', '/agents/assistant/talk/get-messages', { cookie: anna });
    assert.deepEqual(shown(text), ['Zanzibar', 'Stone Town']);
  });

  it('shows nothing of it over a WebSocket either, by any agent, nor by a search', async () => {
    const agents = (await readdir(path.join(root, 'server/src/agents'))).map((it) => it.replace('.rs', ''));
    const known = ['assistant', 'conversations', 'approvals', 'tasks', 'prompts', 'system'];
    assert.deepEqual(known.filter((it) => !agents.includes(it)), []);
    for (const agent of known) {
      const name = agent === 'assistant' ? 'talk' : 'default';
      await assert.rejects(Wire.open(hostFor(server), agent, name), (error) => error instanceof Refused && error.status === 401);
      const wire = await Wire.open(hostFor(server, bob), agent, name);
      for (const [method, ...args] of [
        ['search', 'Zanzibar'], ['search', 'Unguja'], ['list'], ['rename', 'talk', 'mine'], ['remove', 'talk'], ['moveToFolder', 'talk', ''],
      ]) {
        await wire.call(method, ...args).catch(() => {});
      }
      if (agent === 'assistant') await wire.history();
      assert.deepEqual(shown(JSON.stringify(wire.frames)), [], agent);
      wire.close();
    }
  });
});
