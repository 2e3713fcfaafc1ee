// For whoever uses no mouse, sees no screen, or cannot bear things that move.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { hydrated, open } from './support/browser.mjs';
import { Chat } from './support/chat.mjs';
import { useScripted } from './support/suite.mjs';

const LIMIT = { timeout: 180_000 };

/** Collects what a screen reader says by itself in `window.announced`. Runs in the page. */
function listen() {
  window.announced = [];
  const LIVE = '[role="status"], [role="alert"], [role="log"], [aria-live]:not([aria-live="off"])';
  const say = (region) => {
    const text = region?.textContent.trim();
    if (text && window.announced.at(-1) !== text) window.announced.push(text);
  };
  new MutationObserver((changes) => {
    for (const { target, addedNodes } of changes) {
      const element = target.nodeType === Node.ELEMENT_NODE ? target : target.parentElement;
      say(element?.closest(LIVE));
      for (const node of addedNodes) {
        if (node.nodeType !== Node.ELEMENT_NODE) continue;
        [node, ...node.querySelectorAll('*')].filter((it) => it.matches(LIVE)).forEach(say);
      }
    }
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
}

/** What can be used on the page, each marked with a number, and what it is called. Runs in the page. */
function controls() {
  const CONTROLS = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';
  const isUsed = (it) => it.checkVisibility({ visibilityProperty: true }) && !it.disabled && it.tabIndex >= 0;
  return [...document.querySelectorAll(CONTROLS)].filter(isUsed).map((it, number) => {
    it.dataset.number = number;
    return it.outerHTML.slice(0, 160);
  });
}

describe('without a mouse, a screen or patience', LIMIT, () => {
  let browser, provider, server;

  const suite = useScripted((text) => (/pieces/.test(text) ? ['One ', 'two ', 'three.'] : `Heard: ${text}`));
  before(() => ({ browser, provider, server } = suite));

  it('one is told that an answer begins, and that it is complete, and nothing else', async () => {
    const chat = await Chat.open(browser, server.origin);
    await chat.ask('first');
    await chat.ended();
    await chat.page.evaluate(listen);
    await chat.ask('in pieces');
    for (const piece of ['One', 'two', 'three.']) {
      await chat.answers.nth(1).getByText(piece).waitFor();
      provider.release();
    }
    await chat.ended();
    // The bar below it comes last.
    await chat.answers.nth(1).getByTestId('copy').waitFor();
    assert.deepEqual(await chat.page.evaluate(() => window.announced), ['Domovoi is answering.', 'The answer is complete.']);
    await chat.page.close();
  });

  it('every control is reached by the Tab key, and is seen when it is', async () => {
    const context = await browser.newContext({ reducedMotion: 'reduce' });
    const chat = await Chat.open(context, server.origin);
    await chat.ask('first');
    await chat.ended();
    await chat.answers.first().getByTestId('copy').waitFor();
    const { page } = chat;
    for (const address of [page.url(), '/tasks/new', '/agents', '/agents?instance=conversations/default', '/prompts', '/folders']) {
      await page.goto(new URL(address, server.origin).href);
      await hydrated(page);
      const all = await page.evaluate(controls);
      assert.ok(all.length > 8, `${address}: ${all}`);
      const reached = new Set();
      await page.evaluate(() => document.activeElement.blur());
      // Those who scroll may be reached as well, and the page itself between its end and its begin.
      for (let press = 0; press < 2 * all.length + 20 && reached.size < all.length; press += 1) {
        await page.keyboard.press('Tab');
        const [number, isSeen] = await page.evaluate(async () => {
          // What is shown for the focus alone comes with the next frame.
          for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
          const it = document.activeElement;
          const style = getComputedStyle(it);
          const marked = style.outlineStyle !== 'none' || style.boxShadow !== 'none' || it.matches('input, textarea');
          return [it.dataset.number, marked && it.checkVisibility({ opacityProperty: true })];
        });
        if (number === undefined) continue;
        assert.ok(isSeen, `${address}: the focus is not seen at ${all[number]}`);
        reached.add(Number(number));
      }
      assert.deepEqual(all.filter((_, number) => !reached.has(number)), [], address);
    }
    await context.close();
  });

  it('nothing moves for whoever does not want that', async () => {
    for (const [reducedMotion, moves] of [['no-preference', true], ['reduce', false]]) {
      const context = await browser.newContext({ reducedMotion });
      const chat = await Chat.open(context, server.origin);
      const moving = await chat.page.evaluate(() => {
        // As the page shows that an answer is waited for.
        const dots = document.createElement('p');
        dots.className = 'waiting';
        dots.append(document.createElement('i'));
        document.body.append(dots);
        const timings = document.getAnimations().map((it) => it.effect.getComputedTiming());
        return timings.filter(({ duration, iterations }) => duration > 10 || iterations > 1).length;
      });
      assert.equal(moving > 0, moves, reducedMotion);
      await context.close();
    }
  });

  it('the page is light, dark or as the system has it', async () => {
    const context = await browser.newContext({ colorScheme: 'light' });
    const page = await open(context, server.origin);
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await background();
    await page.emulateMedia({ colorScheme: 'dark' });
    const dark = await background();
    assert.notEqual(dark, light, 'the system decides');
    const choose = async (name) => {
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox').fill(name);
      await page.keyboard.press('Enter');
      await page.getByTestId('palette').waitFor({ state: 'hidden' });
    };
    for (const [name, inLight, inDark] of [['light', light, light], ['dark', dark, dark], ['as the system', light, dark]]) {
      await choose(name);
      for (const again of [false, true]) {
        if (again) await page.reload();
        await hydrated(page);
        for (const [colorScheme, expected] of [['light', inLight], ['dark', inDark]]) {
          await page.emulateMedia({ colorScheme });
          assert.equal(await background(), expected, `${name}, where the system has it ${colorScheme}`);
        }
      }
    }
    await context.close();
  });
});
