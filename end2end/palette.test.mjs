// Going and doing without a mouse.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Chat, SHORT_QUESTION } from './support/chat.mjs';
import { useServerAndBrowser } from './support/suite.mjs';

describe('the command palette', () => {
  const suite = useServerAndBrowser();

  it('goes to a conversation by a few letters of its title', async () => {
    const chat = await Chat.open(suite.browser, suite.server.origin);
    await chat.ask(SHORT_QUESTION);
    await chat.ended();
    const { page } = chat;
    await page.keyboard.press('Control+Shift+O');
    await page.waitForURL(`${suite.server.origin}/`);
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Go to or do' }).fill('capit fra');
    await page.getByRole('option', { name: SHORT_QUESTION }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/c/${chat.id}`);
    assert.ok(!(await chat.find('palette').isVisible()));
    chat.assertNoProblems();
    await page.close();
  });

  it('switches to the other language, which stays, and the browser changes nothing of what the server wrote', async () => {
    const chat = await Chat.open(suite.browser, suite.server.origin);
    const { page } = chat;
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Go to or do' }).fill('german');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.documentElement.lang === 'de' && 'hydrated' in document.documentElement.dataset);
    await page.getByRole('heading', { name: 'Was machen wir?' }).waitFor();
    const written = await (await page.request.get(`${suite.server.origin}/`)).text();
    for (const words of ['Was machen wir?', 'Neues Gespräch', 'aria-label="Nachricht"']) assert.ok(written.includes(words), words);
    await page.getByRole('textbox', { name: 'Nachricht' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Öffnen oder tun' }).fill('englisch');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'What shall we do?' }).waitFor();
    chat.assertNoProblems();
    await page.close();
  });

  it('moves by arrows, around the end, and closes with Escape', async () => {
    const { page } = await Chat.open(suite.browser, suite.server.origin);
    await page.keyboard.press('Control+k');
    const selected = page.locator('[role="option"][aria-selected="true"]');
    await selected.filter({ hasText: 'New conversation' }).waitFor();
    await page.keyboard.press('ArrowUp');
    const last = page.getByRole('option').last();
    assert.equal(await last.getAttribute('aria-selected'), 'true');
    await page.keyboard.press('ArrowDown');
    await selected.filter({ hasText: 'New conversation' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByTestId('palette').waitFor({ state: 'hidden' });
    await page.close();
  });

  it('shows the keys, and a letter is a letter where somebody writes', async () => {
    const chat = await Chat.open(suite.browser, suite.server.origin);
    const input = chat.find('composer-input');
    await input.focus();
    await input.pressSequentially('/?');
    assert.equal(await input.inputValue(), '/?');
    await input.fill('');
    await input.blur();
    await chat.page.keyboard.press('?');
    await chat.page.getByRole('heading', { name: 'Keyboard shortcuts' }).waitFor();
    await chat.page.keyboard.press('Escape');
    await chat.find('palette').waitFor({ state: 'hidden' });
    // The field that is no longer shown keeps the focus until the next frame.
    await chat.page.waitForFunction(() => document.activeElement?.tagName !== 'INPUT');
    await chat.page.keyboard.press('/');
    await chat.page.waitForFunction(() => document.activeElement?.dataset.testid === 'composer-input');
    assert.equal(await input.inputValue(), '');
    await chat.page.close();
  });
});
