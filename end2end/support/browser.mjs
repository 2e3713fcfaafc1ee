// A real Chromium, the one of the system.

import { randomUUID } from 'node:crypto';
import { accessSync, constants, mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

/** Where pictures of pages are kept. */
const screenshots = fileURLToPath(new URL('../../target/screenshots', import.meta.url));

/** Starts Chromium without a window and without calls home; `more` are flags. */
export function launch(more = []) {
  return chromium.launch({
    executablePath: executable(),
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...more,
    ],
  });
}

/**
 * Opens an address and waits until its WebAssembly is alive. Errors of the page are collected
 * in `page.problems`.
 */
export async function open(contextOrBrowser, url) {
  const page = await newPage(contextOrBrowser);
  await page.goto(url);
  await hydrated(page);
  return page;
}

/** What Chromium calls a context, by Playwright's. */
const contextIds = new WeakMap();

async function contextIdOf(page) {
  const devtools = await page.context().newCDPSession(page);
  const { targetInfo } = await devtools.send('Target.getTargetInfo');
  await devtools.detach();
  return targetInfo.browserContextId;
}

/** A page in a window of its own: one behind another would be drawn once a second. */
async function newWindow(contextOrBrowser) {
  if (!contextOrBrowser.pages) return contextOrBrowser.newPage();
  const context = contextOrBrowser;
  if (!contextIds.has(context)) {
    const first = context.newPage();
    contextIds.set(context, first.then(contextIdOf));
    await contextIds.get(context);
    return first;
  }
  // Others may be opened at the same moment.
  const url = `about:blank#${randomUUID()}`;
  const browserContextId = await contextIds.get(context);
  const devtools = await context.browser().newBrowserCDPSession();
  const opened = context.waitForEvent('page', (page) => page.url() === url);
  const [page] = await Promise.all([opened, devtools.send('Target.createTarget', { url, browserContextId, newWindow: true })]);
  await devtools.detach();
  return page;
}

/** A page whose errors are collected in `page.problems`. */
export async function newPage(contextOrBrowser) {
  const page = await newWindow(contextOrBrowser);
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(String(error)));
  page.on('console', (message) => {
    // A dropped socket is reported as an error; tests that kill the server cause it on purpose.
    if (message.type() === 'error' && !/WebSocket|ERR_CONNECTION/.test(message.text())) {
      page.problems.push(message.text());
    }
  });
  return page;
}

/** Waits until event handlers are attached. */
export async function hydrated(page) {
  await page.waitForSelector('html[data-hydrated]', { timeout: 60_000 });
}

/** Keeps a picture of a page for whoever looks into a failure. */
export async function screenshot(page, name) {
  mkdirSync(screenshots, { recursive: true });
  await page.screenshot({ path: path.join(screenshots, `${name.replaceAll(' ', '-')}.png`), fullPage: true });
}

function executable() {
  const candidates = [
    process.env.CHROMIUM,
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  ];
  const found = candidates.find((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (!found) throw new Error('no Chromium found; install one or name it in CHROMIUM');
  return found;
}
