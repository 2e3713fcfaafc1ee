// Reading: an answer that grows beside what stands still, code, tables, thoughts, the first paint.

import assert from 'node:assert/strict';
import { afterEach, before, describe, it } from 'node:test';
import { newPage } from './support/browser.mjs';
import { answeredWith, Chat } from './support/chat.mjs';
import { useScripted } from './support/suite.mjs';

const LIMIT = { timeout: 180_000 };

const CODE = 'fn main() {\n    let text = "<b>";\n    println!("{text}");\n}';

/** An answer as it comes, and what is to be seen of each piece. */
const PIECES = [
  ['# Bread\n\nIt begins with **flo', 'flo'],
  ['ur** and water.\n\n- rye\n- wh', 'wh'],
  ['eat\n\n```rust\nlet a = 1;\nlet b', 'let b'],
  [' = 2;\n```\n\n| Flour | Water |\n|:--|--:|\n| rye | 80 % |\n\nAnd ti', 'And ti'],
  ['me, a lot of it.\n\nThe end.', 'The end.'],
];

describe('reading', LIMIT, () => {
  let browser, context, provider, server;

  const answer = (text) => (/pieces/.test(text) ? PIECES.map(([piece]) => piece) : `Heard: ${text}`);
  const suite = useScripted(answer);
  before(async () => {
    ({ browser, provider, server } = suite);
    context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
  });
  afterEach(async () => {
    provider.release();
    for (const page of context.pages()) await page.close();
  });

  const openChat = (id) => Chat.open(context, server.origin, id);
  const answered = async (text) => openChat(await answeredWith(server.origin, [{ type: 'text', text }]));

  it('goes on undisturbed while an answer grows: only its end is drawn', async () => {
    const chat = await openChat();
    await chat.ask('something before');
    await chat.answers.first().getByText('Heard: something before').waitFor();
    await chat.ended();
    await chat.page.evaluate(() => {
      window.drawn = [];
      const before = document.querySelectorAll('[data-testid="message-user"], [data-testid="message-assistant"]');
      for (const message of before) {
        message.stays = true;
        for (const text of message.querySelectorAll('p')) text.stays = true;
        new MutationObserver((changes) => window.drawn.push(...changes.map(({ target }) => target.nodeName)))
          // The bars below the messages wait for the end of the answer.
          .observe(message.querySelector('p') ?? message, { subtree: true, childList: true, characterData: true });
      }
    });
    await chat.ask('all in pieces');
    const answer = chat.answers.nth(1);
    for (const [, seen] of PIECES) {
      await answer.getByText(seen, { exact: false }).first().waitFor();
      // Whatever is above the last block has its place for good.
      await answer.evaluate((answer) => {
        const blocks = [...answer.querySelectorAll('h3, p, ul, figure, table')];
        const top = answer.getBoundingClientRect().top;
        for (const block of blocks.slice(0, -1)) {
          const place = block.getBoundingClientRect().top - top;
          block.place ??= place;
          if (Math.abs(block.place - place) > 1) window.drawn.push(`${block.nodeName} moved by ${place - block.place}`);
        }
      });
      provider.release();
    }
    assert.equal(await chat.ended(), 'done');
    const kept = await answer.evaluate((answer) =>
      [...answer.querySelectorAll('h3, p, ul, figure, table')].filter(({ place }) => place !== undefined).map(({ nodeName }) => nodeName),
    );
    assert.deepEqual(kept, ['H3', 'P', 'UL', 'FIGURE', 'TABLE', 'P'], 'each block is the one it was when it was whole');
    assert.deepEqual(await chat.page.evaluate(() => window.drawn), []);
    chat.assertNoProblems();
  });

  it('has code in colours, which is copied as it was written', async () => {
    const chat = await answered(`Like this:\n\n\`\`\`rust\n${CODE}\n\`\`\`\n\nDone.`);
    const block = chat.answers.first().locator('figure');
    await block.locator('[class*="hl-"]').first().waitFor();
    assert.ok((await block.locator('[class*="hl-"]').count()) > 5);
    const colours = await block.locator('[class*="hl-"]').evaluateAll((all) => all.map((it) => getComputedStyle(it).color));
    assert.ok(new Set(colours).size >= 3, `colours: ${[...new Set(colours)]}`);
    assert.equal((await block.locator('pre').textContent()).trimEnd(), CODE);
    await block.getByTestId('copy-code').click();
    await block.locator('[data-copied]').waitFor();
    assert.equal((await chat.page.evaluate(() => navigator.clipboard.readText())).trimEnd(), CODE);
    chat.assertNoProblems();
  });

  it('has tables, whose columns stand as they were told to', async () => {
    const chat = await answered('| Flour | Water |\n|:--|--:|\n| rye | 80 % |\n| white | 65 % |');
    const table = chat.answers.first().getByRole('table');
    assert.deepEqual(await table.getByRole('columnheader').allInnerTexts(), ['Flour', 'Water']);
    assert.deepEqual(await table.getByRole('cell').allInnerTexts(), ['rye', '80 %', 'white', '65 %']);
    const sides = await table.getByRole('cell').evaluateAll((cells) => cells.map((cell) => getComputedStyle(cell).textAlign));
    assert.equal(sides[1], 'right');
    assert.notEqual(sides[0], 'right');
  });

  it('has thoughts folded away, and opens them when asked to', async () => {
    const parts = [{ type: 'reasoning', text: 'Perhaps *forty-two*?' }, { type: 'text', text: 'Forty-two.' }];
    const chat = await openChat(await answeredWith(server.origin, parts));
    const thoughts = chat.answers.first().getByText('forty-two', { exact: true });
    assert.ok(await thoughts.isHidden());
    const fold = chat.answers.first().getByText('Thoughts');
    await fold.click();
    await thoughts.waitFor();
    assert.equal(await thoughts.evaluate(({ tagName }) => tagName), 'EM');
    await fold.press('Enter');
    await thoughts.waitFor({ state: 'hidden' });
  });

  it('begins before any program has come', async () => {
    const id = await answeredWith(server.origin, [{ type: 'text', text: 'Written **by the server**.' }]);
    const page = await newPage(context);
    await page.route(/\.(wasm|js)$/, (route) => route.abort());
    await page.goto(`${server.origin}/c/${id}`);
    const words = page.getByText('by the server', { exact: true });
    await words.waitFor();
    assert.equal(await words.evaluate(({ tagName }) => tagName), 'STRONG');
    await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint').length > 0);
    assert.ok(await page.evaluate(() => !('hydrated' in document.documentElement.dataset)));
    assert.ok(await page.getByRole('link', { name: /New conversation/ }).first().isVisible());
  });
});
