// A conversation in a real browser with a real model.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { launch } from './support/browser.mjs';
import { beginsWith, Chat, history, LONG_QUESTION, SHORT_QUESTION } from './support/chat.mjs';
import { Server } from './support/server.mjs';

describe('a chat', () => {
  let server;
  let browser;
  const opened = [];

  async function openChat(id) {
    const chat = await Chat.open(browser, server.origin, id);
    opened.push(chat);
    return chat;
  }

  before(async () => {
    server = await Server.start();
    browser = await launch();
  });
  afterEach(async () => {
    for (const chat of opened.splice(0)) await chat.page.close();
  });
  after(async () => {
    await browser?.close();
    await server?.dispose();
  });

  it('answers word by word', async () => {
    const chat = await openChat();
    await chat.page.evaluate(() => {
      window.lengths = new Set();
      new MutationObserver(() => {
        const answer = [...document.querySelectorAll('[data-testid="message-assistant"]')].at(-1);
        if (answer) window.lengths.add(answer.textContent.length);
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await chat.ask(LONG_QUESTION);
    await chat.answerOf(300);
    const steps = await chat.page.evaluate(() => window.lengths.size);
    assert.ok(steps > 10, `the answer came in ${steps} steps`);
    await chat.find('composer-stop').click();
    await chat.ended();
    chat.assertNoProblems();
  });

  it('shows a question at once and gives the composer back', async () => {
    const chat = await openChat();
    await chat.ask(SHORT_QUESTION);
    await chat.questions.first().waitFor({ timeout: 15_000 });
    assert.equal(await chat.find('composer-input').inputValue(), '');
    assert.equal(await chat.ended(), 'done');
    await chat.find('composer-stop').waitFor({ state: 'hidden' });
    assert.equal((await history(server.origin, chat.id)).length, 2);
  });

  it('survives a reload in mid-answer with nothing lost or doubled', async () => {
    const chat = await openChat();
    await chat.ask(LONG_QUESTION);
    await chat.answerOf(120);
    const seen = await chat.words();
    await chat.reload();
    await chat.answerOf(200);
    await chat.ended();
    const complete = await chat.words();
    assert.ok(beginsWith(complete, seen), 'what was seen before the reload is still there');

    const messages = await history(server.origin, chat.id);
    assert.deepEqual(messages.map((message) => message.role), ['user', 'assistant']);
    const fresh = await openChat(chat.id);
    assert.deepEqual(await fresh.transcript(), await chat.transcript());
    chat.assertNoProblems();
  });

  it('stops when asked to, and goes on after', async () => {
    const chat = await openChat();
    await chat.ask(LONG_QUESTION);
    await chat.answerOf(80);
    await chat.find('composer-stop').click();
    assert.equal(await chat.ended(), 'stopped');
    const stopped = await chat.words();
    await chat.page.waitForTimeout(1_000);
    assert.deepEqual(await chat.words(), stopped);
    await chat.ask(SHORT_QUESTION);
    await chat.answers.nth(1).waitFor();
    assert.equal(await chat.ended(), 'done');
    assert.equal(await chat.answers.count(), 2);
  });

  it('keeps a second tab in step', async () => {
    const first = await openChat();
    await first.ask(LONG_QUESTION);
    await first.answerOf(80);
    const second = await openChat(first.id);
    await second.answerOf(160);
    await second.find('composer-stop').click();
    assert.equal(await first.ended(), 'stopped');
    await second.ended();
    assert.deepEqual(await second.transcript(), await first.transcript());

    await second.ask(SHORT_QUESTION);
    await first.questions.nth(1).waitFor();
    await first.answers.nth(1).waitFor();
    await Promise.all([first.ended(), second.ended()]);
    assert.deepEqual(await first.transcript(), await second.transcript());
  });

  it('sends with Enter and breaks the line with Shift-Enter', async () => {
    const chat = await openChat();
    const input = chat.find('composer-input');
    await input.fill('one');
    await input.press('Shift+Enter');
    await input.pressSequentially('two');
    assert.equal(await input.inputValue(), 'one\ntwo');
    assert.equal(await chat.questions.count(), 0);
    await input.press('Enter');
    await chat.questions.first().waitFor();
    await chat.ended();
  });

  it('offers suggestions in an empty conversation', async () => {
    const chat = await openChat();
    const suggestion = chat.find('suggestion').first();
    await suggestion.waitFor();
    await suggestion.click();
    await chat.questions.first().waitFor();
    // Stopping before the first word leaves a question without an answer, and a way to ask again.
    await chat.find('composer-stop').click();
    await chat.find('composer-send').waitFor();
    await chat.find('retry').first().waitFor();
  });
});
