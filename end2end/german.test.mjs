// A German page, walked through what goes wrong: no sentence of ours on it is English.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { launch, open } from './support/browser.mjs';
import { Chat } from './support/chat.mjs';
import { providerConfig, Server } from './support/server.mjs';

const texts = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
const [german, english] = ['de', 'en'].map((name) => texts(`../app/locales/${name}.json`));

/** What pages and agents say in English, but for words that German has as well, and marks. */
const OURS = [
  ...Object.entries(english).flatMap(([name, text]) => (german[name] === text ? [] : [text])),
  ...Object.keys(texts('../server/src/languages/de.json')),
].filter((text) => /\p{L}{2}/u.test(text) && !Object.values(german).includes(text));

/** Pieces of it that nobody says by chance. */
const PIECES = OURS.flatMap((text) => text.split(/\{\w+\}/).map((piece) => piece.trim())).filter(({ length }) => length > 9);

/** What the page says in its texts and labels. */
function said() {
  const all = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    if (!walker.currentNode.parentElement.closest('script, style')) all.push(walker.currentNode.textContent);
  }
  for (const name of ['aria-label', 'title', 'placeholder', 'alt']) {
    for (const element of document.querySelectorAll(`[${name}]`)) all.push(element.getAttribute(name));
  }
  return all.map((text) => text.trim()).filter(Boolean);
}

async function assertGerman(page) {
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'de');
  const left = (await page.evaluate(said)).filter(
    (text) => OURS.includes(text) || PIECES.some((piece) => text.includes(piece)),
  );
  assert.deepEqual(left, [], page.url());
}

/** A provider that refuses what says "kaputt" and breaks off the rest. */
async function failingProvider() {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { messages } = JSON.parse(body);
    if (/kaputt/.test(JSON.stringify(messages.at(-1)))) {
      response.writeHead(400, { 'content-type': 'application/json' });
      return response.end(JSON.stringify({ error: { message: 'Nein' } }));
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const choices = [{ index: 0, delta: { content: 'Es war ' }, finish_reason: null }];
    const chunk = { id: 'x', object: 'chat.completion.chunk', created: 0, model: 'm', choices };
    response.write(`data: ${JSON.stringify(chunk)}\n\n`, () => response.destroy());
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

describe('a German page', { timeout: 120_000 }, () => {
  let browser, context, provider, server;

  before(async () => {
    [browser, provider] = await Promise.all([launch(), failingProvider()]);
    const env = { OPENAI_BASE_URL: `http://127.0.0.1:${provider.address().port}/v1`, OPENAI_API_KEY: 'x' };
    server = await Server.start({ config: providerConfig('scripted'), env });
    // Nothing was chosen: the browser says so of itself.
    context = await browser.newContext({ locale: 'de-DE' });
  });
  after(async () => {
    await browser?.close();
    await server?.dispose();
    provider?.close();
    provider?.closeAllConnections();
  });

  const byId = (page, name) => page.locator(`[data-testid="${name}"]`);
  const file = (name, content) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(content) });

  it('says why an answer failed, also later, and to others in their language', async () => {
    const chat = await Chat.open(context, server.origin);
    await chat.ask('kaputt');
    await chat.find('error').getByText('Der Anbieter des Modells hat mit einem Fehler geantwortet: Nein (HTTP 400)').waitFor();
    await assertGerman(chat.page);
    await chat.ask('Es war einmal');
    const broken = 'Das Modell hat mitten in der Antwort aufgehört. Versuche es noch einmal.';
    await chat.find('error').getByText(broken).waitFor();
    await chat.reload();
    await chat.find('error').getByText(broken).waitFor();
    await assertGerman(chat.page);
    const elsewhere = await Chat.open(browser, server.origin, chat.id);
    await elsewhere.find('error').getByText('The model stopped in the middle of its answer.').waitFor();
    chat.assertNoProblems();
    await Promise.all([chat, elsewhere].map(({ page }) => page.close()));
  });

  it('says what was wrong with a file, and what was imported', async () => {
    const chat = await Chat.open(context, server.origin);
    await chat.find('attach-input').setInputFiles(file('a.zip', 'PK\x03\x04\0'));
    await chat.page.getByText('„a.zip“ kann nicht angehängt werden').waitFor();
    await assertGerman(chat.page);
    await chat.find('import-input').setInputFiles(file('a.zip', 'PK\x03\x04'));
    await chat.find('note').getByText('Das ist ein Archiv').waitFor();
    await chat.find('import-input').setInputFiles(file('a.json', '[1]'));
    await chat.find('note').getByText('In dieser Datei ist kein Gespräch.').waitFor();
    await chat.find('note').getByText('Ausgelassen: 1 Eintrag, der nicht gelesen werden kann').waitFor();
    await assertGerman(chat.page);
    const message = { id: 'm', role: 'user', parts: [{ type: 'text', text: 'Hallo' }] };
    const conversations = [{ title: 'Alt', messages: [message] }, { title: 'Leer', messages: [] }];
    await chat.find('import-input').setInputFiles(file('b.json', JSON.stringify({ domovoi: 1, conversations })));
    await chat.find('note').getByText('Ein Gespräch wurde importiert. Ausgelassen: 1 ohne eine Nachricht.').waitFor();
    await assertGerman(chat.page);
    // A question without words is called by its file.
    await chat.find('attach-input').setInputFiles(file('liste.csv', 'a,b'));
    await chat.page.getByRole('button', { name: 'liste.csv entfernen' }).waitFor();
    await chat.find('composer-send').click();
    await chat.find('conversation-item').getByRole('link', { name: 'liste.csv' }).waitFor();
    await assertGerman(chat.page);
    await chat.page.close();
  });

  it('says what folders and prompts cannot be called', async () => {
    const page = await open(context, `${server.origin}/folders`);
    for (const name of ['Recht', 'RECHT']) {
      await page.goto(`${server.origin}/folders`);
      await page.waitForSelector('html[data-hydrated]');
      await byId(page, 'folder-name').fill(name);
      await byId(page, 'folder-create').click();
      if (name === 'Recht') await page.waitForURL('**/folders?*');
    }
    await page.getByText('Es gibt schon einen Ordner mit diesem Namen.').waitFor();
    await assertGerman(page);
    await page.goto(`${server.origin}/prompts`);
    await page.waitForSelector('html[data-hydrated]');
    await byId(page, 'prompt-new').click();
    await byId(page, 'prompt-save').click();
    await page.getByText('Eine Vorlage braucht einen Namen und einen Text.').waitFor();
    await assertGerman(page);
    await page.close();
  });

  it('says when tasks run and why they did not, and what may be asked of an agent', async () => {
    const page = await open(context, `${server.origin}/tasks/new`);
    await byId(page, 'task-prompt').fill('kaputt');
    await byId(page, 'task-when').fill('0 9 1 3 *');
    await byId(page, 'task-zone').fill('Mars/Base');
    await byId(page, 'task-create').click();
    await page.getByText('Diese Zeitzone gibt es nicht.').waitFor();
    await assertGerman(page);
    await byId(page, 'task-zone').fill('Europe/Prague');
    await byId(page, 'task-create').click();
    await page.waitForURL('**/tasks');
    const task = byId(page, 'task');
    await task.getByText(/^\w\w\., 1\. März \d{4}, 09:00 CET$/).first().waitFor();
    await task.getByTestId('runNow').click();
    await task.getByText(/Der Anbieter des Modells hat mit einem Fehler geantwortet: Nein/).waitFor();
    await assertGerman(page);
    await page.reload();
    await task.getByText(/Der Anbieter des Modells hat mit einem Fehler geantwortet: Nein/).waitFor();
    await assertGerman(page);

    await page.goto(`${server.origin}/agents?instance=tasks/default`);
    await page.waitForSelector('html[data-hydrated]');
    await page.getByText(/Aufgabe \w+, Versuch 1 gescheitert: die Worte gehören in kein Protokoll/).waitFor();
    await byId(page, 'sql').fill('PRAGMA user_version = 1');
    await byId(page, 'sql-run').click();
    await page.getByText('Nur eine Anweisung ist erlaubt, die liest: SELECT.').waitFor();
    await assertGerman(page);
    assert.deepEqual(page.problems.filter((problem) => !/400/.test(problem)), []);
    await page.close();
  });
});
