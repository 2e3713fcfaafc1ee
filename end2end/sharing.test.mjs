// A conversation by link: whoever has it reads what was shared, and nothing else, until it is taken back.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { Chat } from './support/chat.mjs';
import { useScripted } from './support/suite.mjs';

describe('a shared conversation', { timeout: 60_000 }, () => {
  let browser, provider, server;

  const suite = useScripted((text) => `Heard: **${text}**`);
  before(() => ({ browser, provider, server } = suite));

  it('is read by whoever has the link, cannot be written to, and is gone when it is taken back', async () => {
    const chat = await Chat.open(browser, server.origin);
    await chat.ask('the first');
    await chat.ended();
    const { page } = chat;
    const item = page.locator(`[data-testid="conversation-item"][data-id="${chat.id}"]`);
    await item.hover();
    await item.getByTestId('conversation-menu').click();
    await item.locator('a[href^="/share/new"]').click();
    await page.getByTestId('share').click();
    const link = await page.getByTestId('share-link').innerText();
    assert.ok(link.startsWith(`${server.origin}/s/`), link);

    // Somebody without a script and without a cookie.
    const stranger = await browser.newContext({ javaScriptEnabled: false });
    const reader = await stranger.newPage();
    await reader.goto(link);
    await reader.getByText('the first', { exact: true }).first().waitFor();
    assert.equal(await reader.locator('strong').innerText(), 'the first');
    assert.equal(await reader.locator('form, input, textarea, button, [contenteditable]').count(), 0);
    assert.deepEqual(await stranger.cookies(), []);
    for (const method of ['post', 'put', 'patch', 'delete']) {
      assert.ok((await stranger.request[method](link)).status() >= 400, method);
    }

    // What is said later is not in it.
    const later = await Chat.open(browser, server.origin, chat.id);
    await later.ask('the second');
    await later.answers.nth(1).getByText('the second').waitFor();
    await reader.reload();
    assert.equal(await reader.getByText('the second').count(), 0);

    await page.goto(`${server.origin}/shares`);
    await page.locator('form[action$="/revoke"] button').click();
    await page.waitForURL('**/shares?done=revoked');
    assert.equal((await reader.reload()).status(), 404);
    assert.equal(await reader.getByText('the first').count(), 0);
    await reader.getByText('This link leads nowhere').waitFor();
    await Promise.all([stranger.close(), page.close(), later.page.close()]);
  });
});
