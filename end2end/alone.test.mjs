// The program alone: no flags, no configuration, no account, nothing beside it and an empty home.

import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { launch, open } from './support/browser.mjs';
import { Chat, SHORT_QUESTION } from './support/chat.mjs';
import { binary, Server, weights } from './support/server.mjs';

const LIMIT = { timeout: 180_000 };

describe('the program alone', LIMIT, () => {
  let home, browser, server;

  before(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'domovoi-home-'));
    const program = path.join(home, 'domovoi');
    await copyFile(binary, program);
    // Weights that are there already, as after the first download, and a port that is free.
    const env = {
      HOME: home,
      XDG_DATA_HOME: '',
      DOMOVOI_LISTEN: '127.0.0.1:0',
      DOMOVOI_THREADS: process.env.DOMOVOI_TEST_THREADS ?? '1',
      DOMOVOI_WEIGHTS: weights,
    };
    [browser, server] = await Promise.all([launch(), Server.start({ program, command: [], env })]);
  });
  after(async () => {
    await browser?.close();
    await server?.dispose();
    await rm(home, { recursive: true, force: true });
  });

  it('answers whoever opens its page, and has everything after a restart', async () => {
    const chat = await Chat.open(browser, server.origin);
    assert.equal(await chat.find('account').count(), 0, 'nobody has to sign in');
    await chat.ask(SHORT_QUESTION);
    assert.equal(await chat.ended(), 'done');
    const said = await chat.transcript();
    const title = await chat.page.locator(`[data-testid="conversation-item"][data-id="${chat.id}"]`).innerText();
    chat.assertNoProblems();
    await chat.page.close();

    assert.equal(await server.stop(), 0);
    await server.start(['serve']);
    // Another browser knows nothing: what it shows is the server's.
    const page = await open(await browser.newContext(), server.origin);
    await page.locator(`[data-testid="conversation-item"][data-id="${chat.id}"]`).getByText(title).click();
    const later = new Chat(page);
    await later.answers.first().waitFor();
    assert.deepEqual(await later.transcript(), said);
    await later.ask('And of Italy?');
    await later.answers.nth(1).waitFor();
    assert.equal(await later.ended(), 'done');
    later.assertNoProblems();
  });

  it('keeps everything in one folder, the one the guide names', async () => {
    assert.deepEqual(await readdir(server.folder), []);
    assert.deepEqual((await readdir(home)).toSorted(), ['.local', 'domovoi']);
    const kept = await readdir(path.join(home, '.local/share/domovoi'));
    for (const name of ['agents', 'gateway.sqlite3', 'people.sqlite3']) assert.ok(kept.includes(name), String(kept));
  });
});
