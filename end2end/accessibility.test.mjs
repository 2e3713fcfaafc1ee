// What programs can find of what keeps people out, on every page, in both themes and on a phone.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'node:test';
import { hydrated, screenshot } from './support/browser.mjs';
import { Chat } from './support/chat.mjs';
import { useServerAndBrowser } from './support/suite.mjs';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

const SIZES = { wide: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

describe('accessibility', () => {
  const suite = useServerAndBrowser();
  const conversation = randomUUID();
  let axe;

  before(async () => {
    axe = await readFile(AXE, 'utf8');
    const chat = await Chat.open(suite.browser, suite.server.origin, conversation);
    await chat.ask('Write a short Rust function in a code block, and say what it does.');
    await chat.ended();
    await chat.page.close();
  });

  const pages = {
    'an empty conversation': '/',
    'a conversation': `/c/${conversation}`,
    'no page': '/nowhere',
  };

  for (const [name, path] of Object.entries(pages)) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      for (const colorScheme of ['light', 'dark']) {
        it(`${name}, ${size} and ${colorScheme}, has nothing to find`, async () => {
          const context = await suite.browser.newContext({ viewport, colorScheme, reducedMotion: 'reduce' });
          after(() => context.close());
          const page = await context.newPage();
          await page.goto(suite.server.origin + path);
          await hydrated(page);
          await page.evaluate(axe);
          const { violations } = await page.evaluate(() => window.axe.run());
          await screenshot(page, `${name}-${size}-${colorScheme}`.replaceAll(' ', '-'));
          const found = violations.map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => [html, failureSummary])]);
          assert.deepEqual(found, []);
        });
      }
    }
  }
});
