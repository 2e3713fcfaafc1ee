// Folders with instructions and a model of their own, and prompts that a person keeps.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { hydrated, open } from './support/browser.mjs';
import { Chat } from './support/chat.mjs';
import { useScripted } from './support/suite.mjs';

describe('what a person keeps', { timeout: 120_000 }, () => {
  let browser, provider, server, context;

  const suite = useScripted((text) => `Heard: ${text}`, (provider) => provider.twoModels);
  before(async () => {
    ({ browser, provider, server } = suite);
    context = await browser.newContext();
  });

  const item = (chat, id) => chat.page.locator(`[data-testid="conversation-item"][data-id="${id}"]`);

  /** Waits for the page of a folder, which another program draws. */
  const settings = ({ page }) =>
    page.waitForFunction(() => document.querySelector('html[data-hydrated] [data-testid="folder-form"]'));

  async function ask(chat, text) {
    await chat.ask(text);
    await chat.answers.last().getByText(`Heard: ${text}`, { exact: true }).waitFor();
    await chat.find('composer-stop').waitFor({ state: 'detached' });
    const { model, messages } = provider.requests.at(-1);
    return { model, told: messages.find(({ role }) => role === 'system')?.content ?? '' };
  }

  it('are folders, whose instructions and model hold for what is in them, in every tab', async () => {
    const chat = await Chat.open(context, server.origin);
    await ask(chat, 'one');
    const other = await Chat.open(context, server.origin);

    // Into a folder that is made on the way, with the keyboard.
    await item(chat, chat.id).hover();
    await item(chat, chat.id).getByTestId('conversation-menu').click();
    await item(chat, chat.id).getByTestId('conversation-move').click();
    await chat.page.getByRole('combobox', { name: 'Move to a folder' }).fill('Law');
    await chat.page.keyboard.press('Enter');
    const folder = other.find('folder').filter({ hasText: 'Law' });
    await folder.waitFor();
    await folder.getByText('1', { exact: true }).waitFor();

    await folder.getByTestId('folder-toggle').click();
    await item(chat, chat.id).waitFor({ state: 'detached' });
    await chat.find('folder-toggle').click();
    await item(other, chat.id).waitFor();

    // Its page, of the other program.
    await folder.hover();
    await folder.getByTestId('folder-settings').click();
    await settings(other);
    await other.find('folder-instructions').fill('Name the paragraph.');
    await other.find('folder-model').selectOption('careful');
    await other.find('folder-save').click();
    await other.page.getByText('Saved.').waitFor();
    await chat.find('model-name').getByText('large').waitFor();
    const inside = await ask(chat, 'two');
    assert.equal(inside.model, 'large');
    assert.match(inside.told, /\n\nName the paragraph\.$/);

    // A new conversation in it, from there.
    await other.page.goto(server.origin);
    await hydrated(other.page);
    await folder.hover();
    await folder.getByTestId('folder-new').click();
    await other.page.waitForURL('**/c/*');
    await other.page.getByRole('heading', { name: 'New conversation in “Law”' }).waitFor();
    assert.equal((await ask(other, 'three')).model, 'large');
    await folder.getByText('2', { exact: true }).waitFor();

    // Out again by the palette; the folder goes, and nothing with it.
    await chat.page.keyboard.press('Control+k');
    await chat.page.getByRole('combobox').fill('move to');
    await chat.page.keyboard.press('Enter');
    await chat.page.getByRole('option', { name: 'Out of its folder' }).click();
    await chat.find('model-name').getByText('small').waitFor();
    await folder.getByText('1', { exact: true }).waitFor();
    await chat.find('folder').hover();
    await chat.find('folder-settings').click();
    await settings(chat);
    await chat.find('delete').click();
    await chat.find('folder-delete').click();
    await chat.page.waitForURL('**/folders');
    await folder.waitFor({ state: 'detached' });
    assert.equal(await other.find('conversation-item').count(), 2);
    const outside = await ask(other, 'four');
    assert.equal(outside.model, 'small');
    assert.doesNotMatch(outside.told, /paragraph/);
    for (const page of [chat, other]) {
      page.assertNoProblems();
      await page.page.close();
    }
  });

  it('are prompts, whose gaps are filled in one after the other', async () => {
    const page = await open(context, `${server.origin}/prompts`);
    const make = async (name, text) => {
      await page.getByTestId('prompt-new').click();
      await page.getByTestId('prompt-name').fill(name);
      await page.getByTestId('prompt-text').fill(text);
      await page.getByTestId('prompt-save').click();
    };
    await make('Mail', 'Write to {{who}} about {{what}}. Thank {{who}}.');
    await page.getByTestId('prompt').filter({ hasText: 'Mail' }).waitFor();
    await make('mail', 'Twice.');
    await page.getByRole('alert').getByText('already').waitFor();
    await page.getByTestId('prompt-name').fill('Summary');
    await page.getByTestId('prompt-save').click();
    await page.getByTestId('prompt').filter({ hasText: 'Summary' }).waitFor();

    const chat = await Chat.open(context, server.origin);
    const input = chat.find('composer-input');
    await input.pressSequentially('/');
    const options = chat.find('prompt-list').getByRole('option');
    await options.nth(1).waitFor();
    await input.press('ArrowDown');
    const active = await input.getAttribute('aria-activedescendant');
    assert.equal(await chat.page.locator(`#${active}`).getAttribute('aria-selected'), 'true');
    assert.match(await chat.page.locator(`#${active}`).innerText(), /Summary/);
    await input.press('Escape');
    await options.first().waitFor({ state: 'detached' });
    await input.fill('');
    await input.pressSequentially('/mai');
    await options.first().waitFor();
    assert.equal(await options.count(), 1);
    await input.press('Enter');
    await input.pressSequentially('Anna');
    await input.press('Tab');
    await input.pressSequentially('bread');
    assert.equal(await input.inputValue(), 'Write to Anna about bread. Thank Anna.', 'what is named twice is asked once');
    await input.press('Enter');
    await chat.answers.getByText('Heard: Write to Anna about bread. Thank Anna.').waitFor();

    await page.getByTestId('prompt').filter({ hasText: 'Mail' }).getByTestId('delete').click();
    await page.getByTestId('prompt-delete').click();
    await page.getByTestId('prompt').filter({ hasText: 'Mail' }).waitFor({ state: 'detached' });
    assert.deepEqual(page.problems, []);
    chat.assertNoProblems();
  });
});
