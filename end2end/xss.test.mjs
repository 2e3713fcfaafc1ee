// Whatever comes from outside is text: what models and people write, tools, files, titles, names. Known
// vectors in each of these places, in a real browser, with the policy that pages have.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { hydrated, launch } from './support/browser.mjs';
import { conversationOf } from './support/chat.mjs';
import { assertInert, watch } from './support/inert.mjs';
import { addUser, send } from './support/people.mjs';
import { binary, providerConfig, Server } from './support/server.mjs';
import { Wire } from './support/wire.mjs';

const LIMIT = { timeout: 180_000 };
const file = await readFile(new URL('support/xss-vectors.txt', import.meta.url), 'utf8');
const VECTORS = file.split(/^%%$/m).slice(1).map((vector) => vector.replace(/^\n|\n$/g, ''));
const ALL = VECTORS.join('\n\n');

/** Writes all vectors in small pieces, fails with them, or wants to delete them. */
async function startProvider() {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { content } = JSON.parse(body).messages.at(-1);
    if (/Fail/.test(JSON.stringify(content))) {
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message: ALL } }));
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const say = (delta, finish_reason = null) => response.write(`data: ${JSON.stringify({
      id: 'x', object: 'chat.completion.chunk', created: 0, model: '<img src=x onerror=alert(1)>', choices: [{ index: 0, delta, finish_reason }],
    })}\n\n`);
    if (/Delete/.test(JSON.stringify(content))) {
      const call = { name: 'delete_file', arguments: JSON.stringify({ path: ALL }) };
      say({ tool_calls: [{ index: 0, id: randomUUID(), type: 'function', function: call }] }, 'tool_calls');
    } else {
      for (const piece of ALL.match(/[^]{1,5}/gu)) say({ content: piece });
      say({}, 'stop');
    }
    response.end('data: [DONE]\n\n');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

describe('what comes from outside is text', LIMIT, () => {
  let browser, context, found, host, provider, server;

  before(async () => {
    [browser, provider] = await Promise.all([launch(), startProvider()]);
    server = await Server.start({
      program: path.join(path.dirname(binary), 'approvals'),
      config: providerConfig('scripted'),
      env: { OPENAI_BASE_URL: `http://127.0.0.1:${provider.address().port}/v1`, OPENAI_API_KEY: 'x' },
    });
    host = { address: `127.0.0.1:${server.port}` };
    context = await browser.newContext();
    found = await watch(context, server.origin);
  });
  after(async () => {
    await browser?.close();
    await server?.dispose();
    provider?.close();
  });

  async function open(address, ready) {
    const page = await context.newPage();
    await page.goto(server.origin + address);
    await hydrated(page);
    if (ready) await page.locator(ready).first().waitFor();
    return page;
  }

  /** The address of a conversation with these messages. */
  async function write(messages) {
    return `/c/${await conversationOf(server.origin, messages)}`;
  }

  async function call(agent, method, ...args) {
    const wire = await Wire.open(host, agent, 'default');
    const result = await wire.call(method, ...args);
    wire.close();
    return result;
  }

  async function check(page) {
    await assertInert(page, found);
    await page.close();
  }

  const tool = (vector, state, more) => ({ type: `tool-${vector}`, toolCallId: randomUUID(), state, input: { [vector]: vector }, ...more });

  it('in messages, tools, reasoning, sources and file names, from the server and in the browser', LIMIT, async () => {
    assert.ok(VECTORS.length > 150);
    const parts = VECTORS.flatMap((vector) => [
      { type: 'text', text: vector },
      { type: 'reasoning', text: vector },
      tool(vector, 'output-available', { output: vector }),
      tool('x', 'output-available', { output: { html: [vector] } }),
      tool('x', 'output-error', { errorText: vector }),
      { type: 'source-url', sourceId: randomUUID(), url: vector, title: vector },
      { type: 'source-url', sourceId: randomUUID(), url: `https://example.com/${vector}`, title: vector },
      { type: 'source-document', sourceId: randomUUID(), mediaType: vector, title: vector, filename: `a${vector}` },
      { type: 'file', mediaType: 'image/svg+xml', url: `https://example.com/${vector}`, filename: vector },
      { type: 'file', mediaType: 'text/html', url: vector, filename: vector },
      { type: 'data-x', data: vector },
    ]);
    const metadata = { model: ALL, finishReason: ALL };
    const files = VECTORS.flatMap((vector) => [
      { type: 'file', mediaType: 'image/png', url: vector, filename: vector },
      { type: 'file', mediaType: vector, url: `data:image/${vector}`, filename: vector },
      { type: 'file', mediaType: 'image/png', url: `/agents/assistant/x/files/${vector}`, filename: vector },
    ]);
    const address = await write([
      { id: 'q', role: 'user', parts: [...VECTORS.map((text) => ({ type: 'text', text })), ...files] },
      { id: 'a', role: 'assistant', metadata, parts },
    ]);
    const page = await open(address, '[data-testid="message-bar"] button');
    await page.locator('[data-testid="raw"]').last().click();
    await page.getByText(VECTORS[0]).first().waitFor();
    await check(page);
  });

  it('while an answer streams, and in why it failed', LIMIT, async () => {
    const page = await open(`/c/${randomUUID()}`);
    for (const [question, status] of [['Go on', 'done'], ['Fail now', 'error']]) {
      await page.locator('[data-testid="composer-input"]').fill(`${question} ${ALL}`);
      await page.locator('[data-testid="composer-input"]').press('Enter');
      await page.locator(`[data-testid="message-assistant"][data-status="${status}"]`).or(page.getByRole('alert')).first().waitFor();
      await page.waitForFunction(() => !document.querySelector('[aria-busy="true"]'));
      await assertInert(page, found);
    }
    await page.close();
  });

  it('in calls that wait, the inbox of them, and what was said of them', LIMIT, async () => {
    const asked = VECTORS.map((vector) => tool(vector, 'approval-requested', { approval: { id: randomUUID() } }));
    const address = await write([
      { id: 'q', role: 'user', parts: [{ type: 'text', text: 'x' }] },
      { id: 'a', role: 'assistant', parts: asked },
    ]);
    await check(await open(address, '[data-testid="approval"]'));
    const [waits, declined] = [await Wire.open(host, 'assistant'), await Wire.open(host, 'assistant')];
    await Promise.all([waits.turn(waits.say('Delete it')), declined.turn(declined.say('Delete it'))]);
    const { open: listed } = await call('approvals', 'list');
    const { conversation, toolCallId } = listed.find((it) => declined.path.endsWith(it.conversation));
    await call('approvals', 'decide', { conversation, toolCallId, approved: false, reason: ALL });
    waits.close();
    declined.close();
    await check(await open('/approvals', '[data-testid="decided"]'));
  });

  it('in titles, in what is found, in an imported file and in the state of an agent', LIMIT, async () => {
    const now = Date.now();
    const conversations = VECTORS.map((vector, at) => ({
      title: vector, createdAt: now - at, updatedAt: now - at,
      messages: ['user', 'assistant'].map((role) => ({ id: vector, role, parts: [{ type: 'text', text: `needle${at % 10} ${vector}` }] })),
    }));
    const body = JSON.stringify({ domovoi: 1, conversations });
    const imported = await fetch(`${server.origin}/agents/conversations/default/import`, { method: 'POST', body });
    assert.equal(imported.status, 201, await imported.text());
    const list = await open('/', '[data-testid="conversation-item"]');
    for (let at = 0; at < 10; at += 1) {
      const search = list.locator('[data-testid="search"]');
      await search.fill(`needle${at}`);
      await list.locator('[data-testid="search-hit"] mark').filter({ hasText: `needle${at}` }).first().waitFor();
      await assertInert(list, found);
    }
    await list.keyboard.press('Control+k');
    await list.locator('[data-testid="palette"] [role="option"]').first().waitFor();
    await check(list);
    const agents = await open('/agents', '[data-testid="agent-type"]');
    const group = agents.locator('[data-testid="agent-type"]').filter({ hasText: 'conversations' });
    await group.locator('[data-testid="instance"]').first().click();
    await agents.locator('[data-testid="state-tree"] details details').first().waitFor();
    await agents.locator('[data-testid="sql"]').fill('SELECT c0, c0 FROM said_text_content');
    await agents.locator('[data-testid="sql-run"]').click();
    await agents.locator('[data-testid="sql-rows"] td').first().waitFor();
    await check(agents);
  });

  it('in tasks and how they went', LIMIT, async () => {
    const prompts = VECTORS.reduce((all, vector) => {
      if (all.at(-1).length + vector.length > 5_000) all.push('Fail');
      all.push(`${all.pop()} ${vector}`);
      return all;
    }, ['Fail']);
    for (const prompt of prompts) await call('tasks', 'create', { prompt, kind: 'cron', when: '0 9 * * *', zone: 'UTC' });
    const wrong = await call('tasks', 'create', { prompt: 'x', kind: 'cron', when: ALL, zone: VECTORS[0] });
    assert.ok(wrong.when && wrong.zone);
    const { tasks } = await call('tasks', 'list');
    await call('tasks', 'runNow', tasks[0].id);
    const page = await open('/tasks', '[data-testid="task"]');
    await page.getByText(/failed|retrying/).first().waitFor();
    await check(page);
  });

  it('in addresses', LIMIT, async () => {
    for (const vector of VECTORS.slice(0, 20)) {
      const name = encodeURIComponent(vector);
      const texts = await Promise.all(['/', '/c/', '/invite/', '/sign-in?next=/'].map(async (begin) => (await fetch(server.origin + begin + name)).text()));
      if (vector.includes('<')) assert.ok(!texts.some((text) => text.includes(vector)), vector);
    }
    await check(await open(`/c/${encodeURIComponent(VECTORS[3])}#m-"]<img src=x onerror=alert(1)>`));
    await check(await open(`/${encodeURIComponent(VECTORS[3])}?x=<script>alert(1)</script>`));
  });

  it('in names of people and of their browsers', LIMIT, async () => {
    const names = VECTORS.filter((name) => name.length <= 64 && /^\P{C}+$/u.test(name) && name.trim() === name && name[0] !== '-').slice(0, 4);
    const household = await Server.start({ config: providerConfig(), env: { OPENAI_API_KEY: 'x' } });
    try {
      const password = await addUser(household, names[0]);
      for (const name of names.slice(1)) await addUser(household, name);
      const browsers = VECTORS.filter((agent) => /^[ -~]+$/.test(agent)).join(' ').slice(0, 4_000);
      const own = await browser.newContext({ userAgent: browsers });
      const seen = await watch(own, household.origin);
      const page = await own.newPage();
      await page.goto(`${household.origin}/sign-in?next=${encodeURIComponent('/account"><script>alert(1)</script>')}`);
      await assertInert(page, seen);
      for (const attempt of ['wrong', password]) {
        await page.locator('input[name="name"]').fill(names[0]);
        await page.locator('input[name="password"]').fill(attempt);
        await page.locator('button[type="submit"]').last().click();
        await page.waitForLoadState();
        await assertInert(page, seen);
      }
      await page.goto(`${household.origin}/account`);
      await page.getByText(names[1]).first().waitFor();
      await assertInert(page, seen);
      const refused = await send(household, '/sign-in', { name: ALL, password: 'x' });
      assert.ok(!(await refused.text()).includes('<script>alert'));
    } finally {
      await household.dispose();
    }
  });

  it('and the policy reports what it has kept out', LIMIT, async () => {
    const page = await open('/');
    await page.evaluate(() => {
      const image = document.createElement('img');
      image.src = 'https://xss.invalid/secret.png';
      document.body.append(image);
    });
    // The page and the server both hear of it.
    const heard = () => /img-src/.test(server.output) && found.some((it) => it.startsWith('violation img-src https://xss.invalid'));
    while (!heard()) await page.evaluate(() => new Promise(requestAnimationFrame));
    assert.ok(!/xss\.invalid/.test(server.output));
    await page.close();
  });
});
