// The list of conversations, live across tabs, and the page on a narrow screen.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { open } from './support/browser.mjs';
import { Chat, SHORT_QUESTION } from './support/chat.mjs';
import { useServerAndBrowser } from './support/suite.mjs';

describe('the sidebar', () => {
  const suite = useServerAndBrowser();

  const item = (chat, id) => chat.page.locator(`[data-testid="conversation-item"][data-id="${id}"]`);

  /** Does something with a conversation, by its menu. */
  async function choose(chat, id, what) {
    await item(chat, id).hover();
    await item(chat, id).locator('[data-testid="conversation-menu"]').click();
    await item(chat, id).locator(`[data-testid="${what}"]`).click();
  }

  it('shows new, renamed and deleted conversations in every tab', async () => {
    const first = new Chat(await open(suite.browser, suite.server.origin));
    const second = new Chat(await open(suite.browser, suite.server.origin));

    await first.find('conversation-new').click();
    await first.ask(SHORT_QUESTION);
    await first.page.waitForURL(/\/c\/[^/]+$/);
    const id = new URL(first.page.url()).pathname.split('/').pop();
    await item(first, id).waitFor();
    await item(second, id).waitFor();

    await item(second, id).click();
    await second.page.waitForURL(`**/c/${id}`);
    await second.questions.first().waitFor();

    await choose(first, id, 'conversation-rename');
    const name = first.find('conversation-rename-input');
    await name.fill('Capitals');
    await name.press('Enter');
    await item(second, id).filter({ hasText: 'Capitals' }).waitFor();

    await first.ended();
    await choose(first, id, 'conversation-delete');
    await item(first, id).waitFor({ state: 'detached' });
    await item(second, id).waitFor({ state: 'detached' });
    // Nobody is left in a conversation that is gone.
    await Promise.all([first, second].map((chat) => chat.page.waitForURL(`${suite.server.origin}/`)));
    assert.equal(await second.questions.count(), 0);
    first.assertNoProblems();
    second.assertNoProblems();
    await first.page.close();
    await second.page.close();
  });

  it('folds away on a narrow screen', async () => {
    const context = await suite.browser.newContext({ viewport: { width: 360, height: 640 } });
    const chat = await Chat.open(context, suite.server.origin);
    const overflow = () =>
      chat.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok((await overflow()) <= 0, 'nothing is wider than the screen');
    assert.ok(await chat.find('composer-input').isVisible());
    assert.ok(!(await isOnScreen(chat.find('conversation-new'))));
    await chat.find('sidebar-toggle').first().click();
    await chat.find('conversation-new').waitFor();
    await chat.page.waitForTimeout(500);
    assert.ok(await isOnScreen(chat.find('conversation-new')));
    await context.close();
  });

  it('has a low foot on a phone, and menus that stand above everything', async () => {
    const context = await suite.browser.newContext({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
    const conversations = Array.from({ length: 40 }, (_, at) => ({
      title: `Conversation ${at}`, createdAt: Date.now() - at, updatedAt: Date.now() - at,
      messages: [{ id: `m${at}`, role: 'user', parts: [{ type: 'text', text: 'Hello' }] }],
    }));
    const body = JSON.stringify({ domovoi: 1, conversations });
    const imported = await fetch(`${suite.server.origin}/agents/conversations/default/import`, { method: 'POST', body });
    assert.equal(imported.status, 201);
    const chat = await Chat.open(context, suite.server.origin);
    const { page } = chat;
    await chat.find('sidebar-toggle').first().click();
    await chat.find('Approvals').waitFor();
    const list = page.locator('nav ul').first();
    const foot = await list.evaluate((list) => innerHeight - list.getBoundingClientRect().bottom);
    assert.ok(foot < 130, `the foot takes ${foot} px`);

    const rows = chat.find('conversation-item');
    await rows.nth(5).waitFor();
    for (const at of [0, 9, 39]) {
      const row = rows.nth(at);
      await row.scrollIntoViewIfNeeded();
      const button = row.getByTestId('conversation-menu');
      await button.click();
      const menu = row.getByRole('dialog');
      await menu.waitFor();
      const hidden = await menu.locator('button, a').evaluateAll((all) =>
        all.filter((item) => {
          const { x, y, width, height } = item.getBoundingClientRect();
          return !item.contains(document.elementFromPoint(x + width / 2, y + height / 2));
        }).map((item) => item.textContent),
      );
      assert.deepEqual(hidden, [], `row ${at}`);
      // Escape closes the menu alone, and the focus is where it was.
      await page.keyboard.press('Escape');
      await menu.waitFor({ state: 'detached' });
      assert.ok(await button.evaluate((button) => button === document.activeElement), `row ${at}`);
      assert.ok(await chat.find('conversation-new').isVisible());
    }
    // A touch beside it closes it as well, and does nothing else.
    await rows.first().getByTestId('conversation-menu').click();
    await rows.first().getByRole('dialog').waitFor();
    const before = page.url();
    await page.mouse.click(120, 200);
    await rows.first().getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(page.url(), before);
    chat.assertNoProblems();
    await context.close();
  });

  it('changes between light and dark and remembers it', async () => {
    const context = await suite.browser.newContext({ colorScheme: 'light' });
    const chat = await Chat.open(context, suite.server.origin);
    const background = () =>
      chat.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await background();
    await chat.find('theme-toggle').first().click();
    await chat.page.waitForFunction(
      (light) => getComputedStyle(document.body).backgroundColor !== light,
      light,
    );
    const dark = await background();
    await chat.reload();
    assert.equal(await background(), dark);
    await context.close();
  });

  async function isOnScreen(locator) {
    if (!(await locator.first().isVisible())) return false;
    const box = await locator.first().boundingBox();
    return box !== null && box.x >= 0 && box.x < 360;
  }
});
