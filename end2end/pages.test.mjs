// Every page with something on it, wide and on a phone, light and dark: kept as a picture, and looked
// at for what programs can find: what is cut off, too small to touch, said to be wrong in the console,
// or known to axe.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'node:test';
import { hydrated, launch, newPage, screenshot } from './support/browser.mjs';
import { flaws } from './support/flaws.mjs';
import { startLivedIn } from './support/lived-in.mjs';

const LIMIT = { timeout: 120_000 };
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const SIZES = { wide: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

/** Waits until the page is drawn as it is to be: colours and the drawer change over a moment. */
async function drawn() {
  for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
  await Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {})));
}

const byId = (page, name) => page.getByTestId(name).first();

/** Presses what is called so, one after the other. */
const press = (...names) => async (page) => {
  for (const name of names) await byId(page, name).click();
};

/** Code has its colours a moment after it is there. */
const highlighted = (page) => page.locator('.hl-comment').first().waitFor();

/** The list is a drawer on a phone. */
const menu = async (page, size) => {
  if (size === 'phone') await byId(page, 'sidebar-toggle').click();
};

const rowMenu = async (page) => {
  await byId(page, 'conversation-item').hover();
  await byId(page, 'conversation-menu').click();
};

/** What has no page of its own has this status. */
const missing = (status) => [new RegExp(`status of ${status}`)];

/**
 * Pages by name: what is asked for, what it waits for, what is done before it is looked at, and what is
 * done in each size.
 */
const alone = {
  'an empty conversation': { at: () => '/' },
  'a conversation': { at: ({ talk }) => `/c/${talk}`, prepare: highlighted },
  'a diagram and formulas': { at: ({ draws }) => `/c/${draws}`, prepare: (page) => page.locator('img.diagram').waitFor() },
  'what tools did': {
    at: ({ tools }) => `/c/${tools}`,
    ready: 'tool',
    prepare: async (page) => {
      await page.locator('details summary').first().click();
      await page.getByTestId('tool').nth(1).locator('summary').click();
    },
  },
  'files that are attached': {
    at: ({ tools }) => `/c/${tools}`,
    ready: 'tool',
    prepare: async (page) => {
      const icon = await readFile(new URL('../public/icon-192.png', import.meta.url));
      await byId(page, 'attach-input').setInputFiles([
        { name: 'pantry.png', mimeType: 'image/png', buffer: icon },
        { name: 'what-is-left-in-the-pantry-and-in-the-cellar.csv', mimeType: 'text/csv', buffer: Buffer.from('flour,1500\n') },
      ]);
      await page.getByRole('button', { name: /what-is-left/ }).waitFor();
    },
  },
  'a question of a tool': { at: ({ asks }) => `/c/${asks}`, ready: 'approval' },
  'an answer that is written': {
    at: ({ begins }) => `/c/${begins}`,
    ready: 'composer-stop',
    prepare: async (page) => {
      await byId(page, 'composer-input').fill('And how do I know that it is done, without cutting it open?');
      await byId(page, 'composer-input').press('Enter');
      await byId(page, 'queued-message').waitFor();
    },
  },
  'an answer that failed': { at: ({ fails }) => `/c/${fails}`, ready: 'error' },
  'a question that is edited and an answer that was bad': {
    at: ({ again }) => `/c/${again}`,
    ready: 'version-previous',
    prepare: press('edit', 'rate-down'),
  },
  'a search': {
    at: ({ talk }) => `/c/${talk}`,
    prepare: async (page) => {
      await highlighted(page);
      await byId(page, 'search').fill('bread');
      await byId(page, 'search-hit').waitFor({ state: 'attached' });
    },
    each: menu,
  },
  'the palette': {
    at: ({ talk }) => `/c/${talk}`,
    prepare: async (page) => {
      await highlighted(page);
      await page.keyboard.press('Control+k');
    },
  },
  'models that can be chosen': { at: ({ again }) => `/c/${again}`, ready: 'edit', prepare: press('model-name') },
  'prompts that are offered': {
    at: () => '/',
    ready: 'composer-input',
    prepare: async (page) => {
      await byId(page, 'composer-input').pressSequentially('/');
      await byId(page, 'prompt-list').waitFor();
    },
  },
  'the list of conversations': { at: () => '/', ready: 'folder', each: menu },
  'what can be done with a conversation': {
    at: () => '/',
    ready: 'folder',
    each: async (page, size) => {
      await page.keyboard.press('Escape');
      await menu(page, size);
      await rowMenu(page);
    },
  },
  'folders to move to': {
    at: () => '/',
    ready: 'folder',
    prepare: async (page) => {
      await rowMenu(page);
      await byId(page, 'conversation-move').click();
      await page.getByRole('combobox').fill('Garden');
    },
  },
  folders: { at: () => '/folders', ready: 'folder-link' },
  'a folder': { at: () => '/folders', ready: 'folder-link', prepare: press('folder-link', 'delete') },
  prompts: { at: () => '/prompts', ready: 'prompt', prepare: press('prompt-edit') },
  approvals: { at: () => '/approvals', ready: 'decided', prepare: press('decided') },
  tasks: { at: () => '/tasks', ready: 'task' },
  'a new task': { at: () => '/tasks/new', ready: 'task-create' },
  agents: { at: () => '/agents', ready: 'agent-type' },
  'an instance': {
    at: () => '/agents?instance=conversations/default',
    ready: 'state-tree',
    prepare: async (page) => {
      await byId(page, 'sql-run').click();
      await byId(page, 'sql-rows').waitFor();
    },
  },
  'no page': { at: () => '/nowhere', forgiven: missing(404) },
  'no connection': { at: () => '/offline', script: false },
};

/** Pages of accounts, which have no script but where it is said. */
const household = {
  'an account': { at: () => '/account' },
  usage: { at: () => '/usage' },
  'the usage of another': { at: ({ usageOfBoris }) => usageOfBoris },
  'links to conversations': { at: () => '/shares' },
  'a new link': { at: ({ talk }) => `/share/new?conversation=${talk}`, prepare: press('share') },
  'signed in': { at: ({ talk }) => `/c/${talk}`, ready: 'account', script: true, each: menu },
};

const strangers = {
  'to sign in': { at: () => '/sign-in' },
  'to sign in with what is wrong': {
    at: () => '/sign-in',
    prepare: async (page) => {
      await page.locator('#name').fill('Anna');
      await page.locator('#password').fill('what is wrong');
      await byId(page, 'sign-in').click();
      await byId(page, 'problem').waitFor();
    },
    forgiven: missing(401),
  },
  'an invitation': { at: ({ invitation }) => invitation },
  'no invitation': { at: () => '/invite/nothing', forgiven: missing(404) },
  'a shared conversation': { at: ({ shared }) => shared },
};

describe('pages', { timeout: 300_000, concurrency: 2 }, () => {
  let axe, browser, lived, own, signedIn, stranger;

  before(async () => {
    [axe, browser, lived] = await Promise.all([readFile(AXE, 'utf8'), launch(), startLivedIn()]);
    // Pages of accounts allow no scripts and no styles beside their own; axe has both.
    const contexts = [false, true, true].map((bypassCSP) => browser.newContext({ reducedMotion: 'reduce', bypassCSP }));
    [own, signedIn, stranger] = await Promise.all(contexts);
    const [name, value] = lived.household.cookie.split('=');
    await signedIn.addCookies([{ name, value, url: lived.household.server.origin }]);
  });
  after(async () => {
    await browser?.close();
    await lived?.stop();
  });

  /** Looks at one page in all its sizes and colours. */
  async function look(name, page, { each, forgiven = [] }) {
    const found = [];
    const devtools = await page.context().newCDPSession(page);
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport);
      // What a pointer shows when it is over something, a finger has to find without.
      if (size === 'phone') await devtools.send('Emulation.setTouchEmulationEnabled', { enabled: true });
      await each?.(page, size);
      // A picture of a long page makes the browser forget about fingers.
      await page.evaluate(drawn);
      found.push(...(await page.evaluate(flaws, size === 'phone')).map((it) => [size, ...it]));
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        await page.evaluate(drawn);
        await screenshot(page, `${name} ${size} ${colorScheme}`);
        await page.evaluate(axe);
        // The page without a connection has no script, and asks again by itself all the same.
        const { violations } = await page.evaluate(() => window.axe.run({ rules: { 'meta-refresh': { enabled: false } } }));
        const wrong = violations.map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => [html, failureSummary])]);
        found.push(...wrong.map((it) => [size, colorScheme, ...it]));
      }
    }
    found.push(...page.problems.filter((problem) => !forgiven.some((words) => words.test(problem))));
    assert.deepEqual(found, []);
  }

  /** Tests for all pages of a table, on the server of `lived` and with what is known there. */
  function looks(pages, { origin, known, context, script }) {
    for (const [name, sight] of Object.entries(pages)) {
      it(`${name} is as it is to be`, LIMIT, async () => {
        const page = await newPage(context());
        page.setDefaultTimeout(15_000);
        await page.goto(origin() + sight.at(known()));
        if (sight.script ?? script) await hydrated(page);
        if (sight.ready) await byId(page, sight.ready).waitFor({ state: 'attached' });
        await sight.prepare?.(page);
        await look(name, page, sight);
        await page.close();
      });
    }
  }

  looks(alone, { origin: () => lived.alone.server.origin, known: () => lived.alone.ids, context: () => own, script: true });
  looks(household, { origin: () => lived.household.server.origin, known: () => lived.household, context: () => signedIn });
  looks(strangers, { origin: () => lived.household.server.origin, known: () => lived.household, context: () => stranger });
  const first = { 'the first account': { at: () => '/setup' } };
  looks(first, { origin: () => lived.first.origin, known: () => ({}), context: () => stranger });
  const bare = { 'a model that is missing': { at: () => '/' } };
  looks(bare, { origin: () => lived.bare.origin, known: () => ({}), context: () => own, script: true });
});
