// A conversation of many messages: what is looked at is drawn, and the rest keeps its place.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { screenshot } from './support/browser.mjs';
import { Chat, conversationOf } from './support/chat.mjs';
import { useServerAndBrowser } from './support/suite.mjs';

const LIMIT = { timeout: 180_000 };
const MESSAGES = 400;

/** How many messages are drawn at most: a hundred that are out of view, and those around the view. */
const DRAWN = 150;

/** Questions of a line and answers of several blocks, all of different heights. */
const messages = Array.from({ length: MESSAGES }, (_, at) => ({
  id: `m${at}`,
  role: at % 2 ? 'assistant' : 'user',
  parts: [{ type: 'text', text: `Message ${at}.${at % 2 ? `\n\n- more\n`.repeat(1 + (at % 7)) : ''}` }],
}));

describe('a long conversation', LIMIT, () => {
  const suite = useServerAndBrowser();

  async function openChat(hash = '') {
    const id = await conversationOf(suite.server.origin, messages);
    return Chat.open(suite.browser, suite.server.origin, id + hash);
  }

  it('comes as somebody scrolls up to it, and is drawn where it is looked at', LIMIT, async () => {
    const chat = await openChat();
    assert.ok((await chat.page.evaluate(look, false)).rows < 100, 'the page begins with the newest messages');
    await chat.page.mouse.move(640, 400);
    let most = 0;
    for (let first; first !== 'm0'; ) {
      await chat.page.mouse.wheel(0, -500);
      const seen = await filled(chat);
      first = seen.inView[0];
      most = Math.max(most, seen.drawn);
    }
    await chat.find('load-earlier').waitFor({ state: 'detached' });
    assert.ok(most <= DRAWN, `${most} messages were drawn at once`);
    const ids = await chat.page.locator('[data-message-id]').evaluateAll((rows) => rows.map((row) => row.dataset.messageId));
    assert.deepEqual(ids, messages.map(({ id }) => id));
    await screenshot(chat.page, 'long-conversation-begin');

    await chat.find('jump-latest').click();
    await chat.answers.last().getByText(`Message ${MESSAGES - 1}.`).waitFor();
    await chat.page.waitForFunction(() => document.querySelector('[data-testid="thread"]').scrollTop > -2);
    const end = await filled(chat);
    assert.equal(end.inView.at(-1), `m${MESSAGES - 1}`);
    assert.ok(end.drawn <= DRAWN, `${end.drawn} messages are drawn`);
    chat.assertNoProblems();
    await chat.page.close();
  });

  it('stays where it is when more of it comes', LIMIT, async () => {
    const chat = await openChat();
    // The first message in view, its place before each change of the list, and its place after.
    const moved = await chat.page.evaluate(async () => {
      const thread = document.querySelector('[data-testid="thread"]');
      const rows = () => [...document.querySelectorAll('[data-message-id]')];
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      const moved = [];
      while (rows().length < 200) {
        const [known, { top }] = [rows().length, thread.getBoundingClientRect()];
        thread.scrollTop -= 200;
        await frame();
        const first = rows().find((row) => row.getBoundingClientRect().bottom > top + 1);
        const place = first.getBoundingClientRect().top;
        for (let frames = 0; frames < 5; frames += 1) await frame();
        const by = first.getBoundingClientRect().top - place;
        if (Math.abs(by) > 1) {
          moved.push([first.dataset.messageId, by, known]);
        }
      }
      return moved;
    });
    assert.deepEqual(moved, []);
    chat.assertNoProblems();
    await chat.page.close();
  });

  it('keeps what somebody is writing in it, however far they scroll', LIMIT, async () => {
    const chat = await openChat();
    const question = chat.page.locator(`[data-message-id="m${MESSAGES - 2}"]`);
    await question.hover();
    await question.locator('[data-testid="edit"]').click();
    await question.locator('[data-testid="edit-input"]').fill('Not sent yet');
    await chat.page.mouse.move(640, 300);
    for (let first; first !== 'm0'; ) {
      await chat.page.mouse.wheel(0, -900);
      [first] = (await filled(chat)).inView;
    }
    const drawn = (id) => chat.page.locator(`[data-message-id="${id}"] [data-testid="message-bar"]`).count();
    assert.equal(await drawn(`m${MESSAGES - 1}`), 1, 'the last message is always drawn');
    assert.equal(await drawn(`m${MESSAGES - 4}`), 0, 'what is far is not drawn');
    assert.equal(await question.locator('[data-testid="edit-input"]').inputValue(), 'Not sent yet');
    chat.assertNoProblems();
    await chat.page.close();
  });

  it('opens at a message of its middle, which stays in view', LIMIT, async () => {
    const chat = await openChat('#m-m100');
    const found = chat.page.locator('[data-message-id="m100"][data-found]');
    await found.waitFor();
    const seen = await filled(chat);
    assert.ok(seen.inView.includes('m100'), `in view are ${seen.inView}`);
    await chat.page.mouse.move(640, 400);
    // What is below is drawn as it is reached, and nothing jumps.
    for (let at = 0; at < 20; at += 1) {
      await chat.page.mouse.wheel(0, 300);
      const { inView } = await filled(chat);
      const numbers = inView.map((id) => Number(id.slice(1)));
      assert.ok(numbers[0] < 100 + 8 * (at + 1), `after ${at + 1} turns of the wheel, ${inView} are in view`);
    }
    chat.assertNoProblems();
    await chat.page.close();
  });
});

/** What is seen once all of it is drawn. */
async function filled(chat) {
  const seen = await chat.page.waitForFunction(look, true);
  return seen.jsonValue();
}

/**
 * What is in view, how many messages are drawn and how many there are; with `filled`, nothing until all that is
 * in view has its words and no more is on its way. Runs in the page.
 */
function look(filled) {
  const scroller = document.querySelector('[data-testid="thread"]').getBoundingClientRect();
  const rows = [...document.querySelectorAll('[data-message-id]')];
  const inView = rows.filter((row) => {
    const { top, bottom } = row.getBoundingClientRect();
    return bottom > scroller.top + 1 && top < scroller.bottom - 1;
  });
  const says = (row) => row.textContent.includes(`Message ${row.dataset.messageId.slice(1)}.`);
  if (filled && (!inView.length || !inView.every(says) || document.querySelector('[data-testid="load-earlier"]:disabled'))) return false;
  return {
    rows: rows.length,
    drawn: document.querySelectorAll('[data-testid="message-bar"]').length,
    inView: inView.map((row) => row.dataset.messageId),
  };
}

