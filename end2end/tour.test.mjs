// The two-minute tour of the guide, step by step, as somebody walks it.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Chat } from './support/chat.mjs';
import { addUser } from './support/people.mjs';
import { useScripted } from './support/suite.mjs';

const LIMIT = { timeout: 180_000 };
const TOUR = fileURLToPath(new URL('../docs/guide/tour.md', import.meta.url));
const STORY = 'Write a long story about an owl';

/** A story comes in pieces, the rest at once. */
function answer(text) {
  if (text === STORY) return ['Once upon a time ', 'there was an owl ', 'and it slept.'];
  return /How many/.test(text) && /owls,3/.test(text) ? 'There are three owls.' : `Heard: ${text}`;
}

describe('the tour', LIMIT, () => {
  const suite = useScripted(answer);
  let context, chat, page, tour;

  before(async () => {
    tour = await readFile(TOUR, 'utf8');
    context = await suite.browser.newContext();
    chat = await Chat.open(context, suite.server.origin);
    ({ page } = chat);
  });

  /** Words of the tour that are typed or clicked; it fails where the tour does not have them. */
  function told(words) {
    assert.ok(tour.replaceAll(/\s+/g, ' ').includes(words), words);
    return words;
  }
  const item = () => page.locator(`[data-testid="conversation-item"][data-id="${chat.id}"]`);
  const button = (name) => page.getByRole('button', { name, exact: true });

  it('asks, stops, and asks again', async () => {
    await chat.ask(told(STORY));
    await chat.answers.last().getByText('Once upon a time').waitFor();
    await button('Stop the answer').click();
    assert.equal(await chat.ended(), 'stopped');
    await chat.answers.last().getByText('Once upon a time').waitFor();
    await chat.answers.last().getByRole('button', { name: 'Answer again' }).click();
    await page.locator('[data-status="streaming"]').getByText('Once upon a time').waitFor();
  });

  it('pulls the plug in mid-answer, and loses no word', async () => {
    await suite.server.kill();
    suite.provider.release();
    await suite.server.start();
    await chat.ended();
    await chat.answers.last().getByText('Once upon a time').waitFor();
    await chat.answers.last().getByText('2/2').waitFor();
    await chat.answers.last().getByRole('button', { name: 'Earlier version' }).click();
    await chat.answers.last().getByText('1/2').waitFor();
    await chat.questions.last().getByRole('button', { name: 'Edit' }).waitFor();
  });

  it('looks from elsewhere, with a file', async () => {
    const other = await Chat.open(context, suite.server.origin, chat.id);
    await chat.find('composer-input').evaluate((field) => {
      const data = new DataTransfer();
      data.items.add(new File(['owls,3'], 'birds.csv', { type: 'text/csv' }));
      field.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
    });
    await button('Remove birds.csv').waitFor();
    await chat.ask('How many?');
    for (const tab of [chat, other]) {
      await tab.questions.last().getByText('birds.csv').waitFor();
      await tab.answers.last().getByText('There are three owls.').waitFor();
    }
    await other.page.close();
  });

  it('finds it, and uses the keyboard', async () => {
    await chat.find('search').fill(told('owl'));
    await chat.find('search-hit').filter({ has: page.locator('mark') }).first().click();
    await page.locator('[data-found]').getByText('owl').waitFor();
    await chat.find('search').fill('');
    await page.keyboard.press('Control+k');
    await page.keyboard.type(told('dark'));
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => matchMedia('(prefers-color-scheme: light)').matches && getComputedStyle(document.body).colorScheme === 'dark');
  });

  it('tidies up', async () => {
    const choose = async (name) => {
      await item().hover();
      await item().getByTestId('conversation-menu').click();
      await item().getByText(name, { exact: true }).click();
    };
    await choose('Pin');
    await page.getByText('Pinned', { exact: true }).waitFor();
    await choose('Delete');
    await item().waitFor({ state: 'detached' });
    await button(told('Undo')).click();
    await item().waitFor();
    await page.waitForURL(`**/c/${chat.id}`);
  });

  it('plans something', async () => {
    await page.getByRole('link', { name: told('Tasks') }).click();
    await page.getByRole('link', { name: told('New task') }).click();
    await page.getByLabel('What the assistant is to do').fill(told('Tell me a joke'));
    await page.getByLabel(/^Runs/).selectOption({ label: told('every so many minutes') });
    await page.getByTestId('task-when').fill(told('60'));
    await button('Make a task').click();
    await button(told('Run now')).click();
    await page.getByTestId('task').getByText('succeeded').waitFor();
    await page.getByTestId('task').getByRole('link').first().click();
    await chat.answers.last().getByText('Heard: Tell me a joke').waitFor();
  });

  it('looks inside, and lets others in', async () => {
    await page.getByRole('link', { name: told('Agents') }).click();
    await page.getByTestId('instance').and(page.getByText(STORY)).click();
    await page.getByText('turn completed').first().waitFor();
    await page.getByLabel('SQL').fill(told('SELECT role, content FROM domovoi_messages'));
    await button('Run').click();
    await page.getByTestId('sql-rows').getByText('How many?').waitFor();
    chat.assertNoProblems();

    told('domovoi user add anna');
    await addUser(suite.server, 'anna');
    await page.reload();
    await page.waitForURL('**/sign-in*');
  });
});
