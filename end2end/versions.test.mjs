// What can be done with a message: edit it, answer it again, go back, copy, rate, read it raw.

import assert from 'node:assert/strict';
import { afterEach, before, describe, it } from 'node:test';
import { Chat, history, textOf } from './support/chat.mjs';
import { providerConfig, runBinary, Server } from './support/server.mjs';
import { useScripted } from './support/suite.mjs';

const LIMIT = { timeout: 180_000 };

/** A thousandth for each token that is read, two for each that is written. */
const PRICES = '\n[prices]\n"openai/scripted" = { input = 1000.0, output = 2000.0 }\n';

const within = (row, name) => row.locator(`[data-testid="${name}"]`);

describe('the bar under a message', LIMIT, () => {
  let browser;
  let provider;
  let server;
  const contexts = [];

  const suite = useScripted(undefined, () => providerConfig('scripted') + PRICES);
  before(() => ({ browser, provider, server } = suite));
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
    provider.asked = [];
  });

  async function openChat(id) {
    const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
    contexts.push(context);
    return Chat.open(context, server.origin, id);
  }

  /** Waits until a page shows this question and this answer, and which versions they are. */
  async function shows(chat, { question, answer, versions }) {
    await chat.questions.first().getByText(question, { exact: true }).waitFor();
    await chat.answers.last().getByText(answer, { exact: true }).waitFor();
    const [ofQuestion, ofAnswer] = versions;
    for (const [row, version] of [[chat.questions.first(), ofQuestion], [chat.answers.last(), ofAnswer]]) {
      await row.locator(`[data-testid="version"]:text-is("${version ?? ''}")`).waitFor({ state: 'attached' });
    }
  }

  it('edits a question, answers it again and goes back and forth, in every tab', async () => {
    const chat = await openChat();
    await chat.ask('First question');
    await chat.ended();
    const other = await openChat(chat.id);
    const first = { question: 'First question', answer: 'Answer 1 to: First question' };
    await shows(other, { ...first, versions: [] });

    const question = chat.questions.first();
    await within(question, 'edit').click();
    const field = within(question, 'edit-input');
    assert.equal(await field.inputValue(), 'First question');
    await field.fill('never mind');
    await field.press('Escape');
    await shows(chat, { ...first, versions: [] });

    await within(question, 'edit').click();
    await field.fill('Second question');
    await within(question, 'edit-save').click();
    const second = { question: 'Second question', answer: 'Answer 2 to: Second question' };
    await shows(chat, { ...second, versions: ['2/2'] });
    await shows(other, { ...second, versions: ['2/2'] });

    await within(chat.answers.last(), 'answer-again').click();
    const third = { question: 'Second question', answer: 'Answer 3 to: Second question' };
    await shows(chat, { ...third, versions: ['2/2', '2/2'] });
    await shows(other, { ...third, versions: ['2/2', '2/2'] });
    assert.ok(await within(chat.answers.last(), 'version-next').isDisabled());

    await within(chat.answers.last(), 'version-previous').click();
    await shows(chat, { ...second, versions: ['2/2', '1/2'] });
    await shows(other, { ...second, versions: ['2/2', '1/2'] });
    await within(other.questions.first(), 'version-previous').click();
    await shows(other, { ...first, versions: ['1/2'] });
    await shows(chat, { ...first, versions: ['1/2'] });
    await within(chat.questions.first(), 'version-next').click();
    await shows(chat, { ...third, versions: ['2/2', '2/2'] });

    await chat.reload();
    await shows(chat, { ...third, versions: ['2/2', '2/2'] });
    const kept = await history(server.origin, chat.id);
    assert.deepEqual(kept.map(textOf), [third.question, third.answer]);
    assert.deepEqual(provider.asked, ['First question', 'Second question', 'Second question']);
    chat.assertNoProblems();
    other.assertNoProblems();
  });

  it('waits for the end of an answer', async () => {
    const chat = await openChat();
    await chat.ask('One');
    await chat.ended();
    await chat.ask('Please hold');
    await chat.find('composer-stop').waitFor();
    await chat.answers.nth(1).waitFor();
    assert.ok(await within(chat.questions.first(), 'edit').isDisabled());
    assert.ok(await within(chat.answers.first(), 'answer-again').isDisabled());
    assert.equal(await within(chat.answers.nth(1), 'copy').count(), 0);
    provider.release();
    await within(chat.answers.nth(1), 'copy').waitFor();
    assert.ok(await within(chat.answers.first(), 'answer-again').isEnabled());
  });

  it('copies what was written, and shows it', async () => {
    const chat = await openChat();
    await chat.ask('Say **this**');
    await chat.ended();
    const clipboard = () => chat.page.evaluate(() => navigator.clipboard.readText());
    await within(chat.questions.first(), 'copy').click();
    assert.equal(await clipboard(), 'Say **this**');
    const answer = chat.answers.first();
    await within(answer, 'copy').click();
    assert.equal(await clipboard(), 'Answer 1 to: Say **this**');
    assert.ok(await answer.locator('strong').isVisible());
    await within(answer, 'raw').click();
    assert.equal(await within(answer, 'raw-text').textContent(), 'Answer 1 to: Say **this**');
    assert.ok(await answer.locator('strong').isHidden());
    await within(answer, 'raw').click();
    await answer.locator('strong').waitFor();
  });

  it('says what an answer took, and keeps that and what people think of it', async () => {
    const chat = await openChat();
    await chat.ask('What do you cost?');
    await chat.ended();
    const details = within(chat.answers.first(), 'details');
    const expected = /^scripted · 12 tokens read, 5 written · \d+\.\d s · cost 0\.022$/;
    assert.match(await details.textContent(), expected);

    const other = await openChat(chat.id);
    await within(chat.answers.first(), 'rate-down').click();
    const down = '[data-testid="rate-down"][aria-pressed="true"]';
    await other.answers.first().locator(down).waitFor();
    await chat.find('comment').fill('It costs too much.');
    await chat.find('comment').press('Enter');
    await details.getByText('Thanks.').waitFor();
    await chat.find('comment').waitFor({ state: 'detached' });
    const log = await runBinary(['log', '--json', '--data-dir', server.dataDir]);
    assert.match(log.stdout, /It costs too much\./);
    await within(other.answers.first(), 'rate-up').click();
    const up = '[data-testid="rate-up"][aria-pressed="true"]';
    await chat.answers.first().locator(up).waitFor();
    assert.equal(await chat.answers.first().locator(down).count(), 0);

    await server.stop();
    await server.start();
    const fresh = await openChat(chat.id);
    await fresh.answers.first().locator(up).waitFor();
    assert.match(await within(fresh.answers.first(), 'details').textContent(), expected);
  });

  it('lets another model make one answer again, which the answer says, and no other', async () => {
    const two = await Server.start({ config: provider.twoModels });
    const context = await browser.newContext();
    try {
      const chat = await Chat.open(context, two.origin);
      await chat.ask('Who are you?');
      await chat.ended();
      const other = await Chat.open(context, two.origin, chat.id);
      await within(chat.answers.last(), 'answer-again-with').click();
      const palette = chat.find('palette');
      assert.deepEqual(await palette.getByRole('option').allInnerTexts(), [
        'careful (large)\nModel',
        'default (small)\nModel',
      ]);
      await chat.page.keyboard.type('larg');
      await chat.page.keyboard.press('Enter');
      for (const page of [chat, other]) {
        await page.answers.last().locator('[data-testid="version"]:text-is("2/2")').waitFor();
        await within(page.answers.last(), 'details').getByText(/^large · /).waitFor();
      }
      assert.deepEqual(provider.requests.slice(-2).map(({ model }) => model), ['small', 'large']);
      assert.equal(await chat.find('model-name').innerText(), 'small');
      await chat.reload();
      await within(chat.answers.last(), 'details').getByText(/^large · /).waitFor();
      await within(chat.answers.last(), 'version-previous').click();
      await within(other.answers.last(), 'details').getByText(/^small · /).waitFor();
      await chat.ask('And now?');
      await chat.answers.nth(1).waitFor();
      await chat.ended();
      assert.equal(provider.requests.at(-1).model, 'small', 'it was for one answer');
      chat.assertNoProblems();
      other.assertNoProblems();
    } finally {
      await context.close();
      await two.dispose();
    }
  });
});
