// Accounts: nobody gets anywhere without one, and nobody gets to what is another's.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { hydrated, launch } from './support/browser.mjs';
import { Chat, history } from './support/chat.mjs';
import { addUser, ask, cookieOf, hostFor, PAGE, send, signIn, user } from './support/people.mjs';
import { binary, embeddedConfig, runBinary, Server } from './support/server.mjs';
import { Refused, Wire } from './support/wire.mjs';

const DONE = ({ type, done }) => type === 'cf_agent_use_chat_response' && done;

/** What only the first person has said. */
const SECRET = 'Zanzibar';
const QUESTION = `What is the capital of ${SECRET}?`;

const HIGHLIGHT = JSON.stringify({ language: 'rust', code: 'fn main() {}' });

/** Every address of a home, over HTTP: all that the gate stands before. */
const routes = (id) => [
  ['GET', '/', PAGE],
  ['HEAD', '/', PAGE],
  ['GET', `/c/${id}`, PAGE],
  ['GET', `/c/${id}`],
  ['GET', '/no-such-page', PAGE],
  ['GET', '/usage', PAGE],
  ['GET', '/shares', PAGE],
  ['GET', `/share/new?conversation=${id}`, PAGE],
  ['POST', '/', {}],
  ['POST', '/api/highlight', { 'content-type': 'application/json' }, HIGHLIGHT],
  ['GET', '/api/no-such-thing'],
  ...['get-messages', 'get-messages?limit=1', 'get-versions', 'get-approvals', '', 'sub/assistant/x/get-messages'].map(
    (path) => ['GET', `/agents/assistant/${id}/${path}`],
  ),
  ['GET', `/agents/assistant/${id}`],
  ['GET', `/agents/assistant/${id}/get-messages`, PAGE],
  ['POST', `/agents/assistant/${id}`, {}, '{}'],
  ['POST', `/agents/assistant/${id}/files`, { 'content-type': 'text/plain' }, 'x'],
  ['GET', `/agents/assistant/${id}/files/${id}`],
  ['OPTIONS', `/agents/assistant/${id}`, { 'access-control-request-method': 'POST' }],
  ['DELETE', `/agents/assistant/${id}/get-messages`],
  ['GET', '/agents/conversations/default'],
  ['GET', '/agents/system/default'],
  ['GET', `/agents/no-such-agent/${id}`],
  ['GET', '/agents'],
];

/** Every address that is for everybody. */
const open = [
  '/healthz', '/readyz', '/metrics', '/sign-in', '/setup', '/invite/nothing', '/assets/none',
  '/manifest.webmanifest', '/service-worker.js', '/offline', '/csp-report', '/s/nothing',
];

async function request(server, [method, path, headers = {}, body], cookie) {
  const origin = method === 'POST' || method === 'DELETE' ? { origin: server.origin } : {};
  const all = { ...headers, ...origin, ...(cookie ? { cookie } : {}) };
  const response = await fetch(server.origin + path, { method, body, headers: all, redirect: 'manual' });
  return { response, text: await response.text() };
}

/** Says something and waits for the answer. */
async function converse(server, cookie, id = randomUUID()) {
  const wire = await Wire.open(hostFor(server, cookie), 'assistant', id);
  wire.say(QUESTION);
  await wire.until(DONE);
  wire.close();
  return id;
}

describe('people', () => {
  let server, browser, anna, bob, conversation, passwords;

  before(async () => {
    server = await Server.start();
    browser = await launch();
    // The owner has used the server for a while before there were accounts.
    conversation = await converse(server);
    const wire = await Wire.open(hostFor(server), 'conversations', 'default');
    passwords = { anna: await addUser(server, 'anna') };
    // Who was let in without a name has to say it now.
    assert.equal(await wire.closed, 1008);
    passwords.bob = await addUser(server, 'bob');
    anna = await signIn(server, 'anna', passwords.anna);
    bob = await signIn(server, 'bob', passwords.bob);
  });
  after(async () => {
    await browser?.close();
    await server?.dispose();
  });

  const conversationOf = async (cookie) => {
    const path = `/agents/assistant/${conversation}/get-messages`;
    return (await request(server, ['GET', path], cookie)).text;
  };

  it('finds nothing without a session, whatever is asked', async () => {
    for (const route of routes(conversation)) {
      const { response, text } = await request(server, route);
      const what = `${route[0]} ${route[1]}`;
      const led = route[2] === PAGE && !route[1].startsWith('/agents/');
      assert.equal(response.status, led ? 303 : 401, what);
      if (led) assert.match(response.headers.get('location'), /^\/sign-in(\?|$)/, what);
      assert.ok(!text.includes(SECRET), what);
    }
    for (const path of open) {
      const { text } = await request(server, ['GET', path, PAGE]);
      assert.ok(!text.includes(SECRET) && !text.includes(conversation), path);
    }
    for (const cookie of ['domovoi=', 'domovoi=nonsense', '__Host-domovoi=x', `x${anna}`]) {
      const { response } = await request(server, ['GET', '/', PAGE], cookie);
      assert.equal(response.status, 303, cookie);
    }
    const agents = [['assistant', conversation], ['conversations', 'default'], ['system', 'default'], ['none', 'x']];
    for (const [agent, name] of agents) {
      await assert.rejects(Wire.open(hostFor(server), agent, name), (error) => {
        return error instanceof Refused && error.status === 401;
      });
    }
  });

  it("keeps the first person's data the owner's", async () => {
    assert.ok((await conversationOf(anna)).includes(SECRET));
    const page = await request(server, ['GET', `/c/${conversation}`, PAGE], anna);
    assert.equal(page.response.status, 200);
    assert.ok(page.text.includes(SECRET));
  });

  it("finds nothing of another's with a session of one's own", async () => {
    for (const route of routes(conversation)) {
      const { response, text } = await request(server, route, bob);
      assert.ok(response.status !== 401 && response.status < 500, `${route[1]}: ${response.status}`);
      assert.ok(!text.includes(SECRET), `${route[0]} ${route[1]}`);
    }
    const list = await Wire.open(hostFor(server, bob), 'conversations', 'default');
    const call = (method, args) => {
      const id = randomUUID();
      list.send({ type: 'rpc', id, method, args });
      return list.until((frame) => frame.type === 'rpc' && frame.id === id);
    };
    assert.equal((await call('rename', [conversation, 'mine'])).success, false);
    assert.equal((await call('remove', [conversation])).success, false);
    const same = await Wire.open(hostFor(server, bob), 'assistant', conversation);
    same.send({ type: 'cf_agent_chat_clear' });
    assert.deepEqual(await same.history(), []);
    // Saying something in a conversation of the same id is saying it in one of his own.
    await converse(server, bob, conversation);
    const seen = JSON.stringify([list.frames, same.frames]);
    assert.ok(!seen.includes('"title":"mine"'));
    list.close();
    same.close();
    const messages = JSON.parse(await conversationOf(anna));
    assert.equal(messages.length, 2);
    assert.ok(JSON.stringify(messages[0]).includes(SECRET));
  });

  it('counts requests to models for whoever asks', async () => {
    const entries = async (name) => {
      const { stdout } = await runBinary(['log', '--json', '--user', name, '--data-dir', server.dataDir]);
      return stdout.trim().split('\n').filter(Boolean).map(JSON.parse);
    };
    await converse(server, anna);
    const [annas, bobs] = [await entries('anna'), await entries('bob')];
    assert.ok(annas.length >= 1 && annas.every((entry) => entry.user === 'anna'));
    assert.ok(bobs.length >= 1 && bobs.every((entry) => entry.user === 'bob'));
  });

  it('signs in and out without scripts', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${server.origin}/c/${conversation}`);
    assert.equal(new URL(page.url()).pathname, '/sign-in');
    const fill = async (password) => {
      await page.getByLabel('Name').fill('Anna');
      await page.getByLabel('Password').fill(password);
      await page.getByTestId('sign-in').click();
    };
    await fill('not the password');
    await page.getByTestId('problem').waitFor();
    assert.equal(await page.getByLabel('Name').inputValue(), 'Anna');
    await fill(passwords.anna);
    await page.waitForURL(`**/c/${conversation}`);
    assert.ok((await page.content()).includes(SECRET));
    await page.getByTestId('account').click();
    await page.waitForURL('**/account');
    assert.ok((await page.getByTestId('audit').textContent()).includes('anna: sign-in failed'));
    await page.getByTestId('sign-out').click();
    await page.waitForURL('**/sign-in');
    await page.goto(`${server.origin}/`);
    assert.equal(new URL(page.url()).pathname, '/sign-in');
    await context.close();
  });

  it('says who is signed in, on the page', async () => {
    const context = await browser.newContext();
    const [name, value] = bob.split('=');
    await context.addCookies([{ name, value, url: server.origin, httpOnly: true, sameSite: 'Lax' }]);
    const chat = await Chat.open(context, server.origin);
    assert.equal(await chat.find('account').textContent(), 'bob');
    chat.assertNoProblems();
    assert.deepEqual(await chat.page.evaluate(() => document.cookie), '');
    // From now on a worker stands between the page's forms and the server.
    await chat.page.evaluate(() => navigator.serviceWorker.ready);
    await chat.reload();
    await chat.find('sign-out').click();
    await chat.page.waitForURL('**/sign-in');
    await chat.page.getByLabel('Name').fill('bob');
    await chat.page.getByLabel('Password').fill(passwords.bob);
    await chat.page.getByTestId('sign-in').click();
    await chat.page.waitForURL(`${server.origin}/`);
    await hydrated(chat.page);
    await context.close();
    bob = await signIn(server, 'bob', passwords.bob);
  });

  it('lets somebody in who was invited, once', async () => {
    const made = await send(server, '/account/invitations', { role: 'member' }, { cookie: anna });
    assert.equal(made.status, 201);
    const [link] = new RegExp(`${server.origin}/invite/[\\w-]+`).exec(await made.text());
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(link);
    await page.getByLabel('Name').fill('Carla');
    await page.getByLabel('Password').fill('short');
    await page.getByTestId('make-account').click();
    await page.getByTestId('problem').waitFor();
    await page.getByLabel('Password').fill('a long password');
    await page.getByTestId('make-account').click();
    await page.waitForURL(`${server.origin}/`);
    assert.equal(await page.getByTestId('account').textContent(), 'Carla');
    assert.ok(!(await page.content()).includes(SECRET));
    await page.goto(`${server.origin}/account`);
    assert.equal(await page.getByTestId('invite').count(), 0, 'a member invites nobody');
    await page.getByLabel('What it is for').fill('phone');
    await page.getByTestId('token-make').click();
    const authorization = `Bearer ${await page.getByTestId('token-made').innerText()}`;
    const models = () => fetch(`${server.origin}/v1/models`, { headers: { authorization } });
    assert.equal((await models()).status, 200, 'a token is made without a script');
    await page.getByTestId('token-revoke').click();
    await page.getByTestId('done').waitFor();
    assert.equal((await models()).status, 401);
    await context.close();
    assert.equal((await ask(server, new URL(link).pathname, PAGE)).status, 404);
    const { stdout } = await user(server, ['list']);
    assert.match(stdout, /member .*Carla/);
  });

  it('does for a member what a member may, and no more', async () => {
    const { id } = await personRow('bob');
    for (const [path, fields] of [
      ['/account/invitations', { role: 'member' }],
      [`/account/people/${id}/remove`, {}],
      [`/account/people/${id}/role`, { role: 'member' }],
      ['/account/people/nobody/remove', {}],
    ]) {
      assert.equal((await send(server, path, fields, { cookie: bob })).status, 403, path);
    }
    // Nor does the owner make another one.
    const king = await send(server, `/account/people/${id}/role`, { role: 'owner' }, { cookie: anna });
    assert.equal(king.status, 403);
    const owner = await send(server, '/account/invitations', { role: 'owner' }, { cookie: anna });
    assert.equal(owner.status, 403);
  });

  /** Ids are in the forms of whoever looks after others. */
  async function personRow(name) {
    const html = await (await ask(server, '/account', { ...PAGE, cookie: anna })).text();
    const row = html.split('data-testid="person"').find((part) => part.includes(`data-name="${name}"`));
    return { id: /\/account\/people\/([\w-]+)\//.exec(row)[1] };
  }

  it('takes forms of its own pages only', async () => {
    for (const headers of [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]) {
      const out = await send(server, '/sign-out', {}, { cookie: bob, ...headers });
      assert.equal(out.status, 403, JSON.stringify(headers));
      const api = await send(server, '/api/highlight', {}, { cookie: bob, ...headers });
      assert.equal(api.status, 403, JSON.stringify(headers));
    }
    const foreign = { ...hostFor(server, bob), headers: { cookie: bob, origin: 'http://evil.example' } };
    await assert.rejects(Wire.open(foreign, 'conversations', 'default'), { status: 403 });
    assert.equal((await ask(server, '/account', { ...PAGE, cookie: bob })).status, 200);
  });

  it('leads nobody elsewhere after signing in', async () => {
    for (const next of ['//evil.example', 'https://evil.example', '/\\evil.example']) {
      const { headers } = await send(server, '/sign-in', { name: 'bob', password: passwords.bob, next });
      assert.equal(headers.get('location'), '/', next);
    }
  });

  it('ends connections with their session', async () => {
    const other = await signIn(server, 'bob', passwords.bob);
    const wire = await Wire.open(hostFor(server, other), 'conversations', 'default');
    const html = await (await ask(server, '/account', { ...PAGE, cookie: bob })).text();
    // The one that was used last comes first, and has no button if it is the one that asks.
    const ids = [...html.matchAll(/\/account\/sessions\/(\d+)\/revoke/g)].map(([, id]) => Number(id));
    const newest = Math.max(...ids);
    const notHis = await send(server, `/account/sessions/${newest}/revoke`, {}, { cookie: anna });
    assert.equal(notHis.status, 303);
    assert.equal((await ask(server, '/', { ...PAGE, cookie: other })).status, 200, "it is not anna's to end");
    await send(server, `/account/sessions/${newest}/revoke`, {}, { cookie: bob });
    assert.equal(await wire.closed, 1008);
    assert.equal((await ask(server, '/', { ...PAGE, cookie: other })).status, 303);
    assert.equal((await ask(server, '/', { ...PAGE, cookie: bob })).status, 200);
  });

  it('changes a password, and ends the other sessions', async () => {
    const [here, there] = [await signIn(server, 'bob', passwords.bob), await signIn(server, 'bob', passwords.bob)];
    const change = (present, next) =>
      send(server, '/account/password', { present, new: next }, { cookie: here });
    assert.equal((await change('wrong password', 'another password')).status, 422);
    assert.equal((await change(passwords.bob, 'short')).status, 422);
    assert.equal((await change(passwords.bob, 'another password')).status, 303);
    assert.equal((await ask(server, '/', { ...PAGE, cookie: here })).status, 200);
    assert.equal((await ask(server, '/', { ...PAGE, cookie: there })).status, 303);
    passwords.bob = 'another password';
    bob = here;
  });

  it('keeps sessions over a restart, also after kill -9', async () => {
    await server.stop();
    await server.start();
    assert.equal((await ask(server, '/', { ...PAGE, cookie: bob })).status, 200);
    await server.kill();
    await server.start();
    assert.equal((await ask(server, '/', { ...PAGE, cookie: anna })).status, 200);
    assert.ok((await conversationOf(anna)).includes(SECRET));
  });

  it('follows the command line while it runs', async () => {
    const wire = await Wire.open(hostFor(server, bob), 'conversations', 'default');
    const changed = await user(server, ['password', 'bob'], 'from the command line\n');
    assert.equal(changed.code, 0, changed.stderr);
    assert.equal(await wire.closed, 1008);
    bob = await signIn(server, 'bob', 'from the command line');
    assert.equal((await user(server, ['role', 'bob', 'admin'])).code, 0);
    const made = await send(server, '/account/invitations', { role: 'member' }, { cookie: bob });
    assert.equal(made.status, 201);

    const last = await Wire.open(hostFor(server, bob), 'conversations', 'default');
    const removed = await user(server, ['remove', 'bob']);
    assert.match(removed.stdout, /what they kept is still in/);
    assert.equal(await last.closed, 1008);
    assert.equal((await ask(server, '/', { ...PAGE, cookie: bob })).status, 303);

    const refused = async (args, words, input) => {
      const { code, stderr } = await user(server, args, input);
      assert.notEqual(code, 0);
      assert.match(stderr, words);
    };
    await refused(['remove', 'anna'], /owner stays/);
    await refused(['remove', 'nobody'], /nobody called `nobody`/);
    await refused(['add', 'Anna'], /called `Anna` already/, 'a long password\n');
    await refused(['add', 'dora', '--role', 'king'], /`king` is no role/);
    await refused(['add', 'dora'], /at least 10 characters/, 'short\n');
  });

  it('lets nobody guess for long', async () => {
    const guess = () => send(server, '/sign-in', { name: 'guessed', password: 'not the password' });
    for (let count = 0; count < 10; count += 1) assert.equal((await guess()).status, 401);
    const last = await guess();
    assert.equal(last.status, 429);
    assert.ok(Number(last.headers.get('retry-after')) > 0);
    // Others come in meanwhile.
    await signIn(server, 'anna', passwords.anna);
  });
});

describe('the first account', () => {
  it('is needed before other machines can come', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'domovoi-nobody-'));
    after(() => rm(folder, { recursive: true, force: true }));
    const { code, stderr } = await runBinary(['serve', '--listen', '0.0.0.0:0', '--data-dir', folder]);
    assert.notEqual(code, 0);
    assert.match(stderr, /domovoi user add/);
    assert.match(stderr, /--setup/);
  });

  it('is made in the browser with the code from the terminal', async () => {
    const server = await Server.start({ host: '0.0.0.0', args: ['--setup'] });
    after(() => server.dispose());
    const [, code] = /set-up code: ([\w-]+)/.exec(server.output);
    const led = await ask(server, '/', PAGE);
    assert.equal(led.headers.get('location'), '/setup');
    assert.equal((await ask(server, '/agents/conversations/default')).status, 401);
    await assert.rejects(Wire.open(hostFor(server), 'conversations', 'default'), { status: 401 });
    const fields = { name: 'anna', password: 'a long password' };
    assert.equal((await send(server, '/setup', { ...fields, code: 'aaaa-bbbb-cccc' })).status, 401);
    assert.equal((await send(server, '/setup', { ...fields, password: 'short', code })).status, 422);
    const made = await send(server, '/setup', { ...fields, code: ` ${code.toUpperCase()} ` });
    assert.equal(made.status, 303);
    assert.equal((await ask(server, '/', { ...PAGE, cookie: cookieOf(made) })).status, 200);
    // It is good for one.
    const again = await send(server, '/setup', { name: 'eve', password: 'a long password', code });
    assert.equal(again.headers.get('location'), '/');
    assert.equal((await ask(server, '/', PAGE)).headers.get('location'), '/sign-in');
    await server.stop();
    await server.start();
    assert.equal((await ask(server, '/', { ...PAGE, cookie: cookieOf(made) })).status, 200);
  });

  it('is not needed on this machine alone', async () => {
    const server = await Server.start();
    after(() => server.dispose());
    const id = await converse(server);
    assert.equal((await history(server.origin, id)).length, 2);
    for (const path of ['/sign-in', '/account', '/setup']) {
      const { status, headers } = await ask(server, path, PAGE);
      assert.deepEqual([status, headers.get('location')], [303, '/'], path);
    }
  });

  it('ends streams with the session they rest on', async () => {
    const program = path.join(path.dirname(binary), 'http_sse');
    const server = await Server.start({ program });
    after(() => server.dispose());
    const password = await addUser(server, 'anna');
    const cookie = await signIn(server, 'anna', password);
    const events = await ask(server, '/agents/feed/one/events', { cookie });
    assert.match(events.headers.get('content-type'), /event-stream/);
    const ended = events.text().then(() => 'ended', () => 'ended');
    await send(server, '/sign-out', {}, { cookie });
    assert.equal(await ended, 'ended');
    assert.equal((await ask(server, '/agents/feed/one/events', { cookie })).status, 401);
  });

  it('has a cookie that only TLS carries, where people come by TLS', async () => {
    const config = `public_url = "https://chat.example.com"\n${embeddedConfig()}`;
    const server = await Server.start({ config });
    after(() => server.dispose());
    const password = await addUser(server, 'anna');
    const response = await send(server, '/sign-in', { name: 'anna', password }, { origin: 'https://chat.example.com' });
    const cookie = response.headers.get('set-cookie');
    assert.match(cookie, /^__Host-domovoi=[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure$/);
    const made = await send(server, '/account/invitations', { role: 'member' }, { cookie: cookieOf(response) });
    assert.match(await made.text(), /https:\/\/chat\.example\.com\/invite\//);
  });
});
