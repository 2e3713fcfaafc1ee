// A telephone: its page sleeps when nobody looks at it.

import { chromium } from 'playwright-core';
import { launch } from './browser.mjs';
import { freePort } from './port.mjs';

/** Starts one. Its browser is not told that its pages are always looked at, as Playwright's own are: those never sleep. */
export async function startPhone() {
  const port = await freePort();
  const owner = await launch([`--remote-debugging-port=${port}`]);
  const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`, { noDefaults: true });
  return {
    context: browser.contexts()[0],
    async close() {
      await browser.close();
      await owner.close();
    },
  };
}

/** Nobody looks at the page, and nothing in it runs; answers what ends that. */
export async function sleep(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Page.setWebLifecycleState', { state: 'frozen' });
  return async () => {
    await session.send('Page.setWebLifecycleState', { state: 'active' });
    await page.bringToFront();
  };
}
