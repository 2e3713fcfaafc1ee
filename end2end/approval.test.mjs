// A tool that needs a person: asked on the page, answered there, and the answer goes on.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Chat, history } from './support/chat.mjs';
import { useApprovals } from './support/deleting-provider.mjs';

const LIMIT = { timeout: 60_000 };

describe('a tool that a person must approve', () => {
  const suite = useApprovals();

  async function ask() {
    const chat = await Chat.open(suite.browser, suite.server.origin);
    await chat.ask('Delete that file, please.');
    await chat.find('approval').waitFor();
    return chat;
  }

  /** Waits until the page shows this text in the answer. */
  async function says(chat, text) {
    await chat.answers.last().getByText(text).waitFor();
    assert.equal(await chat.find('approval').count(), 0);
  }

  it('runs when it is approved', LIMIT, async () => {
    const chat = await ask();
    await chat.find('approve').click();
    await says(chat, 'I was told: a.txt would be gone now');
    await chat.page.close();
  });

  it('waits through a reload and a restart of the server', LIMIT, async () => {
    const chat = await ask();
    await suite.server.kill();
    await suite.server.start();
    await chat.page.reload();
    await chat.find('approval').waitFor();
    const arguments_ = chat.find('approval-arguments');
    await arguments_.fill('{ no JSON');
    await chat.find('approve').click();
    await chat.find('approval').getByRole('alert').waitFor();
    await arguments_.fill('{"path": "b.txt"}');
    await chat.find('approve').click();
    await says(chat, 'I was told: b.txt would be gone now');
    await chat.page.close();
  });

  it('does not run when it is rejected, and the model learns why', LIMIT, async () => {
    const chat = await ask();
    await chat.find('approval-reason').fill('I need it');
    await chat.find('reject').click();
    await says(chat, 'I was told: The person rejected this call: I need it');
    const [, answer] = await history(suite.server.origin, chat.id);
    const part = answer.parts.find(({ type }) => type === 'tool-delete_file');
    assert.equal(part.state, 'output-denied');
    assert.equal(part.approval.reason, 'I need it');
    await chat.page.close();
  });

  it('has a card with its arguments, how far it is, and its result', LIMIT, async () => {
    const chat = await Chat.open(suite.browser, suite.server.origin);
    await chat.ask('Call order_chalk {"pieces": 11}');
    await chat.find('approval-arguments').fill('{"pieces": 300}');
    await chat.find('approve').click();
    const card = chat.find('tool');
    await card.getByText('running').waitFor();
    assert.ok(await card.locator('pre').first().isHidden(), 'it is folded');
    await card.locator('summary').click();
    const [input, output] = [card.locator('pre').nth(0), card.locator('pre').nth(1)];
    assert.deepEqual(JSON.parse(await input.innerText()), { pieces: 300 });
    await chat.page.evaluate(() => {
      window.steps = new Set();
      const look = () => {
        const text = document.querySelectorAll('[data-testid="tool"] pre')[1]?.textContent;
        if (/\d+ of 300 packed/.test(text)) window.steps.add(text);
      };
      look();
      new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await card.getByText('done', { exact: true }).waitFor();
    assert.match(await output.innerText(), /300 pieces are on their way/);
    const steps = await chat.page.evaluate(() => window.steps.size);
    assert.ok(steps > 5, `${steps} steps were seen`);
    await says(chat, 'I was told: 300 pieces are on their way');
    await chat.page.close();
  });

  it('has a card that says why it failed', LIMIT, async () => {
    const chat = await Chat.open(suite.browser, suite.server.origin);
    await chat.ask('Call order_chalk {"pieces": "many"}');
    const card = chat.find('tool');
    await card.getByText('failed').waitFor();
    await card.locator('summary').click();
    await card.getByText('Error', { exact: true }).waitFor();
    assert.match(await card.innerText(), /"many"[^]*Error[^]*invalid type/);
    await chat.page.close();
  });
});
