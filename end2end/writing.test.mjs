// Writing and reading: drafts, messages that wait, formulas, sources, and text that means harm.

import assert from 'node:assert/strict';
import { afterEach, before, describe, it } from 'node:test';
import { hydrated, open } from './support/browser.mjs';
import { answeredWith, Chat, history, textOf } from './support/chat.mjs';
import { useScripted } from './support/suite.mjs';

const LIMIT = { timeout: 180_000 };

/** Says what was heard; fails at "trip" the first time. */
const tripped = new Set();
function answer(text) {
  if (!/trip/.test(text) || tripped.has(text)) return `Heard: ${text}`;
  tripped.add(text);
  return { fails: 'I tripped' };
}

describe('writing', LIMIT, () => {
  let browser;
  let context;
  let provider;
  let server;

  const suite = useScripted(answer);
  before(async () => {
    ({ browser, provider, server } = suite);
    context = await browser.newContext();
  });
  afterEach(async () => {
    provider.release();
    provider.asked = [];
    for (const page of context.pages()) await page.close();
  });

  const openChat = (id) => Chat.open(context, server.origin, id);
  const written = (chat) => chat.find('composer-input').inputValue();

  /** Waits until something was heard in the conversation, and that was the last. */
  async function heard(chat, text) {
    await chat.answers.last().getByText(`Heard: ${text}`, { exact: true }).waitFor();
    await chat.find('composer-stop').waitFor({ state: 'detached' });
  }

  /** A conversation in which these parts were answered. */
  const answered = async (parts) => openChat(await answeredWith(server.origin, parts));

  it('keeps a draft for each conversation until it is sent', async () => {
    const [one, two] = [await openChat(), await openChat()];
    await one.find('composer-input').fill('a draft\nof two lines');
    await two.find('composer-input').fill('another');
    await one.reload();
    await two.reload();
    assert.equal(await written(one), 'a draft\nof two lines');
    assert.equal(await written(two), 'another');
    await one.find('composer-input').press('Enter');
    await one.answers.first().waitFor();
    await one.ended();
    await one.reload();
    assert.equal(await written(one), '');
    const kept = await one.page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes('draft')));
    assert.deepEqual(kept, [`domovoi-draft:${two.id}`]);
    two.assertNoProblems();
  });

  it('has what was written in a conversation, and nothing else, when one goes there and back', async () => {
    const [second, chat] = [await openChat(), await openChat()];
    const [{ page }, first] = [chat, { id: chat.id }];
    for (const [each, text] of [[second, 'Two'], [chat, 'One']]) {
      await each.page.bringToFront();
      await each.ask(text);
      await heard(each, text);
    }
    await second.page.close();
    // The program stays the same: it is not loaded again.
    await page.evaluate(() => (globalThis.stayed = true));
    const go = async (id) => {
      await page.locator(`[data-testid="conversation-item"][data-id="${id}"] a`).click();
      await page.waitForURL(`**/c/${id}`);
    };
    await chat.find('composer-input').fill('only here');
    await go(second.id);
    await heard(chat, 'Two');
    assert.equal(await written(chat), '');
    await chat.find('composer-input').fill('and there');
    await go(first.id);
    await heard(chat, 'One');
    await page.waitForFunction(() => document.querySelector('[data-testid="composer-input"]').value === 'only here');
    await chat.find('conversation-new').click();
    await page.waitForURL(`${server.origin}/`);
    assert.equal(await written(chat), '');
    await go(second.id);
    await page.waitForFunction(() => document.querySelector('[data-testid="composer-input"]').value === 'and there');
    assert.equal(await page.evaluate(() => globalThis.stayed), true);
    chat.assertNoProblems();
  });

  it('keeps the draft of a conversation that has not begun', async () => {
    const chat = new Chat(await open(context, server.origin));
    await chat.find('composer-input').fill('the first words');
    await chat.reload();
    assert.equal(await written(chat), 'the first words');
    await chat.find('composer-input').press('Enter');
    await heard(chat, 'the first words');
    await chat.page.goto(server.origin);
    await hydrated(chat.page);
    assert.equal(await written(chat), '');
  });

  it('lets what is written during an answer wait, and sends it when the answer ends', async () => {
    const chat = await openChat();
    await chat.ask('hold the first');
    await chat.answers.first().waitFor();
    await chat.ask('the second');
    await chat.ask('the thrid');
    await chat.ask('not this');
    const waiting = chat.find('queued-message');
    assert.equal(await waiting.count(), 3);
    assert.equal(await written(chat), '');
    assert.ok(await chat.find('composer-stop').isVisible());
    await waiting.nth(2).locator('[data-testid="queued-remove"]').click();
    await waiting.nth(1).locator('[data-testid="queued-edit"]').click();
    assert.equal(await written(chat), 'the thrid');
    assert.equal(await waiting.count(), 1);
    await chat.ask('the third');

    await chat.reload();
    await waiting.nth(1).waitFor();
    assert.equal(await waiting.count(), 2);
    const other = await openChat(chat.id);
    await other.find('queued-message').nth(1).waitFor();
    provider.release();
    for (const tab of [chat, other]) {
      for (const text of ['the second', 'the third']) {
        await tab.answers.getByText(`Heard: ${text}`, { exact: true }).waitFor();
      }
      await tab.find('composer-stop').waitFor({ state: 'detached' });
      assert.equal(await tab.find('queued-message').count(), 0);
    }
    // Each once, whichever of two pages beside one another sends it and when.
    const asked = ['hold the first', 'the second', 'the third'];
    assert.deepEqual(provider.asked.toSorted(), asked);
    const kept = await history(server.origin, chat.id);
    assert.deepEqual(kept.filter(({ role }) => role === 'user').map(textOf).toSorted(), asked);
    chat.assertNoProblems();
    other.assertNoProblems();
  });

  it('sends what waits after an answer was stopped', async () => {
    const chat = await openChat();
    await chat.ask('hold this');
    await chat.answers.first().waitFor();
    await chat.ask('and then that');
    await chat.ask('and this at last');
    await chat.find('queued-message').nth(1).waitFor();
    await chat.find('composer-stop').click();
    await heard(chat, 'and this at last');
    assert.deepEqual(provider.asked, ['hold this', 'and then that', 'and this at last']);
  });

  it('asks again where the answer failed', async () => {
    const chat = await openChat();
    await chat.ask('trip over this');
    await chat.find('error').getByText('I tripped').waitFor();
    await chat.reload();
    await chat.find('retry').click();
    await heard(chat, 'trip over this');
    await chat.find('error').waitFor({ state: 'detached' });
    assert.deepEqual((await history(server.origin, chat.id)).map(({ role }) => role), ['user', 'assistant']);
  });

  it('draws formulas', async () => {
    const text =
      'Euler: $e^{i\\pi} + 1 = 0$, and \\(a \\le b\\).\n\n\\[\n\\frac{1}{2}\n+ \\sqrt{x}\n\\]\n\n' +
      '$$\n\\begin{pmatrix} 1 & 0 \\\\ 0 & 1 \\end{pmatrix}\n$$\n\nIt costs $5 to $10. `$x$` and $\\nosuchthing{$.';
    const chat = await answered([{ type: 'text', text }]);
    const answer = chat.answers.first();
    await answer.locator('math').nth(3).waitFor({ state: 'attached' });
    assert.equal(await answer.locator('math').count(), 4);
    assert.equal(await answer.locator('.math-display math[display="block"]').count(), 2);
    const names = await answer.locator('math').evaluateAll((all) => all.map((math) => math.namespaceURI));
    assert.deepEqual(new Set(names), new Set(['http://www.w3.org/1998/Math/MathML']));
    assert.equal(await answer.locator('mfrac').count(), 1);
    assert.match(await answer.textContent(), /It costs \$5 to \$10/);
    const box = await answer.locator('mfrac').boundingBox();
    assert.ok(box.height > 20, `a fraction has two lines: ${JSON.stringify(box)}`);
    assert.ok(!chat.page.problems.some((problem) => !/422/.test(problem)), chat.page.problems.join('\n'));
  });

  it('draws diagrams, which stay text for who copies them', async () => {
    const source = 'flowchart LR\n  A[Question] --> B{Known?}\n  B -->|yes| C[Answer]\n  B -->|no| D[Search]\n  D --> A';
    const text = `As a picture:\n\n\`\`\`mermaid\n${source}\n\`\`\`\n\nAnd one with a mistake:\n\n\`\`\`mermaid\nno [[[ diagram\n\`\`\`\n`;
    const chat = await answered([{ type: 'text', text }]);
    const answer = chat.answers.first();
    const picture = answer.locator('img.diagram');
    await picture.waitFor();
    await chat.page.waitForFunction(() => document.querySelector('img.diagram').naturalWidth > 200);
    assert.equal(await picture.count(), 1);
    assert.equal((await answer.locator('pre').first().textContent()).trim(), source);
    assert.equal((await answer.locator('pre').nth(1).textContent()).trim(), 'no [[[ diagram');
    assert.ok(!chat.page.problems.some((problem) => !/422/.test(problem)), chat.page.problems.join('\n'));
  });

  it('lists sources, with links to the web only', async () => {
    const chat = await answered([
      { type: 'text', text: 'See there.' },
      { type: 'source-url', sourceId: '1', url: 'https://example.org/a', title: 'A <b>page</b>' },
      { type: 'source-url', sourceId: '2', url: 'javascript:globalThis.injected=1', title: 'Bad' },
      { type: 'source-document', sourceId: '3', mediaType: 'application/pdf', title: 'Report', filename: 'r.pdf' },
    ]);
    const sources = chat.find('sources');
    assert.deepEqual(await sources.locator('li').allTextContents(), ['A <b>page</b>', 'Bad', 'Report (r.pdf)']);
    const links = await sources.locator('a').evaluateAll((all) => all.map((a) => [a.href, a.rel]));
    assert.deepEqual(links, [['https://example.org/a', 'noopener noreferrer nofollow']]);
  });

  it('links what a text cites to the source, or to its place in the list', async () => {
    const chat = await answered([
      { type: 'text', text: 'As they say [1], and [2, 3]; `[1]` is code, [4] is nothing, [2] means harm.' },
      { type: 'source-url', sourceId: 'a', url: 'https://example.org/a', title: 'A "page"' },
      { type: 'source-url', sourceId: 'b', url: 'javascript:globalThis.injected=1', title: 'Bad' },
      { type: 'source-document', sourceId: 'c', mediaType: 'application/pdf', title: 'Report', filename: 'r.pdf' },
    ]);
    const { page } = chat;
    const cited = page.locator('.cited a');
    assert.deepEqual(await cited.allTextContents(), ['1', '2', '3', '2']);
    const names = ['Source 1: A "page"', 'Source 2: Bad', 'Source 3: Report (r.pdf)'];
    for (const [place, name] of names.entries()) {
      assert.equal(await page.getByRole('link', { name, exact: true }).first().textContent(), `${place + 1}`);
    }
    assert.equal(await cited.first().getAttribute('href'), 'https://example.org/a');
    assert.equal(await cited.first().getAttribute('target'), '_blank');
    // With the keyboard one goes on from the list.
    await cited.nth(2).focus();
    await page.keyboard.press('Enter');
    await page.locator('.sources li:target', { hasText: 'Report' }).waitFor();
    await cited.nth(1).click();
    await page.locator('.sources li:target', { hasText: 'Bad' }).waitFor();
    assert.equal(await page.evaluate(() => globalThis.injected), undefined);
    assert.equal(await cited.count(), 4);
  });

  it('does nothing that a text tells it to', async () => {
    const harm = 'globalThis.injected=1';
    const chat = await answered([
      {
        type: 'text',
        text: [
          `$\\text{<img src=x onerror=${harm}>}$ $\\href{javascript:${harm}}{x}$`,
          `$</code></span><img src=x onerror=${harm}>$ \\(<script>${harm}</script>\\)`,
          `$$\\text{</math><script>${harm}</script>}$$ $\\class{x" onmouseover="${harm}}{y}$`,
          `<script>${harm}</script> [x](javascript:${harm}) <svg onload=${harm}> <math><mi href="javascript:${harm}">`,
        ].join('\n\n'),
      },
      { type: 'source-url', sourceId: '1', url: `data:text/html,<script>${harm}</script>`, title: 'x' },
      { type: 'source-url', sourceId: '2', url: `https://a.example/"onclick="${harm}`, title: `<img src=x onerror=${harm}>` },
    ]);
    const answer = chat.answers.first();
    await answer.locator('math').first().waitFor({ state: 'attached' });
    for (const row of await answer.locator('[data-testid="raw"], [data-testid="copy"]').all()) await row.click();
    await answer.locator('[data-testid="raw"]').click();
    assert.equal(await answer.locator('script, img, iframe').count(), 0);
    const handlers = await answer.locator('*').evaluateAll((all) =>
      all.flatMap((element) => element.getAttributeNames()).filter((name) => name.startsWith('on')),
    );
    assert.deepEqual(handlers, []);
    const addresses = await answer.locator('[href]').evaluateAll((all) => all.map((a) => a.getAttribute('href')));
    assert.ok(addresses.every((address) => address.startsWith('https://')), addresses.join(' '));
    assert.equal(await chat.page.evaluate(() => globalThis.injected), undefined);
  });
});
