// What programs can find of what keeps people out, on every page, in both themes and on a phone. Each is
// kept as a picture in `artefacts`.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { hydrated, launch, screenshot } from './support/browser.mjs';
import { addUser, signIn } from './support/people.mjs';
import { binary, providerConfig, Server } from './support/server.mjs';
import { Wire } from './support/wire.mjs';

const LIMIT = { timeout: 60_000 };
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const SIZES = { wide: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

const ANSWER = `## Warm bread

Bread rises because **yeast** makes gas, by about $V = n R T / p$. You need:

1. flour, *water* and salt
2. a \`starter\` that is awake
   - fed in the morning
   - used at night

| Flour | Water | Time |
|:--|--:|--:|
| white | 65 % | 12 h |
| rye | 80 % | 18 h |

\`\`\`rust
/// How much water a dough takes, with a line that is longer than the screen of any telephone.
fn water(flour: f64, hydration: f64) -> f64 { flour * hydration }
\`\`\`

> Patience is the fourth ingredient. [More](https://example.com/bread)`;

/** Answers, fails, begins and does not end, or wants to delete a file. */
async function startProvider() {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const said = JSON.stringify(JSON.parse(body).messages.findLast(({ role }) => role === 'user').content);
    if (said.includes('Fail')) {
      response.writeHead(400, { 'content-type': 'application/json' });
      return response.end(JSON.stringify({ error: { message: 'the model `scripted` has been retired' } }));
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const send = (delta, finish_reason = null) => response.write(`data: ${JSON.stringify({
      id: 'x', object: 'chat.completion.chunk', created: 0, model: 'scripted', choices: [{ index: 0, delta, finish_reason }],
    })}\n\n`);
    if (said.includes('Delete')) {
      const call = { name: 'delete_file', arguments: JSON.stringify({ path: 'recipes/bread-of-last-year.txt' }) };
      send({ tool_calls: [{ index: 0, id: randomUUID(), type: 'function', function: call }] }, 'tool_calls');
    } else if (said.includes('Begin')) {
      return send({ content: 'Well, that is a long story. It began when' });
    } else {
      send({ content: ANSWER }, 'stop');
    }
    response.end('data: [DONE]\n\n');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** Waits until the page is drawn as it is to be: colours and the drawer change over a moment. */
async function drawn() {
  for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
  await Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {})));
}

describe('accessibility', { timeout: 300_000 }, () => {
  const ids = Object.fromEntries(['talk', 'asks', 'begins', 'fails'].map((name) => [name, randomUUID()]));
  let axe, browser, context, household, provider, server, signedIn;

  before(async () => {
    [axe, browser, provider] = await Promise.all([readFile(AXE, 'utf8'), launch(), startProvider()]);
    const env = { OPENAI_BASE_URL: `http://127.0.0.1:${provider.address().port}/v1`, OPENAI_API_KEY: 'x' };
    const config = providerConfig('scripted');
    const program = path.join(path.dirname(binary), 'approvals');
    [server, household] = await Promise.all([Server.start({ program, config, env }), Server.start({ config, env })]);
    context = await browser.newContext({ reducedMotion: 'reduce' });
    const host = { address: `127.0.0.1:${server.port}` };
    for (const [name, text] of [
      ['talk', 'How does bread rise, and what do I need for two loaves on Sunday?'],
      ['asks', 'Delete the recipe of last year.'],
      ['begins', 'Begin a story.'],
      ['fails', 'Fail, please.'],
    ]) {
      const wire = await Wire.open(host, 'assistant', ids[name]);
      const turn = wire.say(text);
      await (name === 'begins' ? wire.chunk(turn, 'text-delta') : wire.turn(turn));
      wire.close();
    }
    const tasks = await Wire.open(host, 'tasks', 'default');
    const call = (method, ...args) => {
      const id = randomUUID();
      tasks.send({ type: 'rpc', id, method, args });
      return tasks.until((frame) => frame.type === 'rpc' && frame.id === id);
    };
    await call('create', { prompt: 'Tell me the news.', kind: 'cron', when: '0 9 * * MON-FRI', zone: 'Europe/Prague' });
    await call('create', { prompt: 'Fail, so that it is seen what that looks like.', kind: 'every', when: '30', zone: 'UTC' });
    const { result } = await call('list');
    for (const { id } of result.tasks) await call('runNow', id);
    tasks.close();
    const kept = async (agent, calls) => {
      const wire = await Wire.open(host, agent, 'default');
      const results = [];
      for (const [method, ...args] of calls) {
        const id = randomUUID();
        wire.send({ type: 'rpc', id, method, args });
        results.push((await wire.until((frame) => frame.type === 'rpc' && frame.id === id)).result);
      }
      wire.close();
      return results;
    };
    const name = 'Bread, and what else comes out of an oven';
    const [folder] = await kept('conversations', [['createFolder', name]]);
    await kept('conversations', [
      ['changeFolder', { id: folder, name, instructions: 'Weigh everything in grams.', model: '' }],
      ['moveToFolder', ids.talk, folder],
    ]);
    await kept('prompts', [
      ['save', { id: '', name: 'Write to somebody', text: 'Write to {{who}} about {{what}}, in a friendly tone and short.' }],
      ['save', { id: '', name: 'Translate', text: 'Translate into {{language}}:\n\n{{text}}' }],
    ]);
    const password = await addUser(household, 'Anna');
    await addUser(household, 'Boris with a name of sixty-four characters and not one more of it'.slice(0, 64));
    const [cookie, value] = (await signIn(household, 'Anna', password)).split('=');
    signedIn = await browser.newContext({ reducedMotion: 'reduce' });
    await signedIn.addCookies([{ name: cookie, value, url: household.origin }]);
  });
  after(async () => {
    await browser?.close();
    await Promise.all([server?.dispose(), household?.dispose()]);
    provider?.closeAllConnections();
    provider?.close();
  });

  const byId = (page, name) => page.locator(`[data-testid="${name}"]`).first();
  /** The list is a drawer on a phone. */
  const menu = async (page, size) => {
    if (size === 'phone') await byId(page, 'sidebar-toggle').click();
  };

  // What each page is, what it waits for, and what is done before it is looked at.
  const pages = {
    'an empty conversation': ['/'],
    'a conversation': [`/c/${ids.talk}`, 'message-bar'],
    'a question of a tool': [`/c/${ids.asks}`, 'approval'],
    'an answer that is written': [`/c/${ids.begins}`, 'message-assistant'],
    'an answer that failed': [`/c/${ids.fails}`, 'message-user'],
    'a search': ['/', 'search', async (page) => {
      await byId(page, 'search').fill('bread');
      await byId(page, 'search-hit').waitFor({ state: 'attached' });
    }, menu],
    'the palette': ['/', 'composer-input', (page) => page.keyboard.press('Control+k')],
    'prompts that are offered': ['/', 'composer-input', async (page) => {
      await byId(page, 'composer-input').pressSequentially('/');
      await byId(page, 'prompt-list').waitFor();
    }],
    'folders in the list': ['/', 'folder', undefined, menu],
    folders: ['/folders', 'folder-link'],
    'a folder': ['/folders', 'folder-link', async (page) => {
      await byId(page, 'folder-link').click();
      await byId(page, 'delete').click();
    }],
    prompts: ['/prompts', 'prompt', (page) => byId(page, 'prompt-edit').click()],
    'no page': ['/nowhere'],
    approvals: ['/approvals', 'approval'],
    tasks: ['/tasks', 'task'],
    'a new task': ['/tasks/new', 'task-create'],
    agents: ['/agents', 'agent-type'],
    'an instance': ['/agents?instance=conversations/default', 'state-tree', async (page) => {
      await byId(page, 'sql-run').click();
      await byId(page, 'sql-rows').waitFor();
    }],
    'no connection': ['/offline'],
    // The last: as Anna, or as nobody.
    'an account': ['/account', undefined, undefined, undefined, () => signedIn],
    'to sign in': ['/sign-in', undefined, undefined, undefined, () => context],
    'no invitation': ['/invite/nothing', undefined, undefined, undefined, () => context],
  };

  for (const [name, [address, ready, prepare, each, as]] of Object.entries(pages)) {
    it(`${name} has nothing to find`, LIMIT, async () => {
      const page = await (as?.() ?? context).newPage();
      await page.goto((as ? household : server).origin + address);
      if (!as && address !== '/offline') await hydrated(page);
      if (ready) await byId(page, ready).waitFor({ state: 'attached' });
      await prepare?.(page);
      const found = [];
      for (const [size, viewport] of Object.entries(SIZES)) {
        await page.setViewportSize(viewport);
        await each?.(page, size);
        for (const colorScheme of ['light', 'dark']) {
          await page.emulateMedia({ colorScheme });
          await page.evaluate(drawn);
          await page.evaluate(axe);
          // The page without a connection has no script, and asks again by itself all the same.
          const { violations } = await page.evaluate(() => window.axe.run({ rules: { 'meta-refresh': { enabled: false } } }));
          await screenshot(page, `${name}-${size}-${colorScheme}`.replaceAll(' ', '-'));
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          if (wide > 0) found.push([size, `${wide} pixels too wide`]);
          found.push(...violations.map(({ id, nodes }) => [size, colorScheme, id, nodes.map(({ html, failureSummary }) => [html, failureSummary])]));
        }
      }
      assert.deepEqual(found, []);
      await page.close();
    });
  }
});
