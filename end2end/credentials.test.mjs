// What lets somebody in: what is kept of it, how far it reaches, and when it ends.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { sql } from './support/database.mjs';
import { addUser, ask, cookieOf, hostFor, PAGE, send, signIn } from './support/people.mjs';
import { ScriptedProvider } from './support/scripted.mjs';
import { providerConfig, runBinary, Server } from './support/server.mjs';
import { Refused, Wire } from './support/wire.mjs';

const LIMIT = { timeout: 180_000 };

describe('what lets somebody in', LIMIT, () => {
  let provider, server, password, cookie;

  before(async () => {
    provider = await ScriptedProvider.start();
    server = await Server.start({ config: providerConfig('scripted'), env: provider.env });
    password = await addUser(server, 'anna');
    cookie = await signIn(server, 'anna', password);
  });
  after(async () => {
    await server?.dispose();
    provider?.stop();
  });

  const people = () => path.join(server.dataDir, 'people.sqlite3');

  async function token(name, ...args) {
    const { code, stdout, stderr } = await runBinary([
      'token', 'create', name, '--person', 'anna', '--data-dir', server.dataDir, ...args,
    ]);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  }

  async function invitation() {
    const made = await send(server, '/account/invitations', { role: 'member' }, { cookie });
    return new URL(/http:[^"<]*\/invite\/[\w-]+/.exec(await made.text())[0]).pathname;
  }

  const ofToken = (key, address, options = {}) =>
    fetch(server.origin + address, { ...options, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' } });

  it('is kept as a hash, while the server runs as well: argon2id of a password', async () => {
    const secrets = [password, await token('kept'), cookie.split('=')[1], (await invitation()).split('/').pop()];
    const files = await readdir(server.dataDir, { recursive: true, withFileTypes: true });
    const contents = await Promise.all(
      files.filter((file) => file.isFile()).map((file) => readFile(path.join(file.parentPath ?? file.path, file.name))),
    );
    const all = Buffer.concat(contents).toString('latin1');
    const [hash, , memory, passes] = /\$argon2id\$v=(\d+)\$m=(\d+),t=(\d+),p=\d+\$[\w+/]{22,}\$[\w+/]{43,}/.exec(all);
    // What OWASP asks for at the least: 19 MiB and two passes.
    assert.ok(Number(memory) >= 19 * 1024 && Number(passes) >= 2, hash);
    assert.deepEqual(await sql(people(), 'SELECT name FROM people WHERE password = ?', hash), [['anna']]);
    for (const secret of secrets) {
      assert.ok(!all.includes(secret) && !server.output.includes(secret), secret);
    }
  });

  const question = (model) => ({
    method: 'POST', body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] }),
  });
  const REACHES = [
    ['models', '/v1/chat/completions', question('default')],
    ['agents', '/v1/chat/completions', question('assistant')],
    ['agents', '/agents/assistant/x/files?name=a', { method: 'POST', body: 'a' }],
    ['agents read', '/agents/assistant/x/get-messages'],
    ['agents read', '/agents/conversations/default/export.json'],
  ];

  it('is a token for what it was made for, and for nothing else', async () => {
    for (const scope of ['models', 'agents', 'read']) {
      const key = await token(`for ${scope}`, '--scope', scope);
      for (const [scopes, address, options] of REACHES) {
        const { status } = await ofToken(key, address, options);
        const isGood = scopes.split(' ').includes(scope);
        assert.ok(isGood ? status < 300 : status === 403, `${scope}: ${address} ${status}`);
      }
      const socket = Wire.open({ ...hostFor(server), headers: { authorization: `Bearer ${key}` } }, 'assistant', 'x');
      if (scope === 'agents') (await socket).close();
      else await assert.rejects(socket, (error) => error instanceof Refused && error.status === 403, scope);
      // Pages and accounts are for people.
      for (const page of ['/', '/account', '/usage']) assert.ok([401, 403].includes((await ofToken(key, page)).status), page);
      const more = await fetch(`${server.origin}/account/tokens`, {
        method: 'POST', headers: { authorization: `Bearer ${key}` }, body: new URLSearchParams({ token: 'more', models: 'yes' }),
      });
      assert.equal(more.status, 401);
    }
  });

  it('ends by the clock, and what rests on it', async () => {
    const key = await token('short', '--days', '1', '--scope', 'models,agents');
    const wire = await Wire.open({ ...hostFor(server), headers: { authorization: `Bearer ${key}` } }, 'assistant', 'x');
    const other = await signIn(server, 'anna', password);
    const link = await invitation();
    const isIn = async () => [
      (await ofToken(key, '/v1/models')).status,
      (await ofToken(key, '/agents/assistant/x/get-messages')).status,
      (await ask(server, '/', { ...PAGE, cookie: other })).status,
      (await ask(server, link, PAGE)).status,
    ];
    assert.deepEqual(await isIn(), [200, 200, 200, 200]);
    // It is a day, a month or a week later than it was.
    const day = 86_400_000;
    const [[ends]] = await sql(people(), "SELECT expires_at FROM tokens WHERE name = 'short'");
    assert.ok(Math.abs(ends - Date.now() - day) < 60_000);
    await sql(people(), "UPDATE tokens SET expires_at = expires_at - ? WHERE name = 'short'", day);
    await sql(people(), 'UPDATE sessions SET expires_at = expires_at - ? WHERE id = (SELECT max(id) FROM sessions)', 30 * day);
    await sql(people(), 'UPDATE invitations SET expires_at = expires_at - ?', 7 * day);
    assert.deepEqual(await isIn(), [401, 401, 303, 404]);
    assert.equal(await wire.closed, 1008);
    const { stdout } = await runBinary(['token', 'list', '--data-dir', server.dataDir]);
    assert.match(stdout, new RegExp(`short.*ends ${new Date(ends - day).toISOString().slice(0, 10)}`));
    assert.equal((await ask(server, '/', { ...PAGE, cookie })).status, 200, 'others go on');
  });

  it('is a cookie that scripts do not see, for this site alone', async () => {
    const response = await send(server, '/sign-in', { name: 'anna', password });
    assert.match(response.headers.get('set-cookie'), /^domovoi=[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Lax$/);
    const out = await send(server, '/sign-out', {}, { cookie: cookieOf(response) });
    assert.match(out.headers.get('set-cookie'), /^domovoi=;.*Max-Age=0/);
  });
});
