// Files with a message: chosen, pasted or dropped, shown, and read by the model.

import assert from 'node:assert/strict';
import { afterEach, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Chat, history } from './support/chat.mjs';
import { pdf } from './support/pdf.mjs';
import { useScripted } from './support/suite.mjs';

const LIMIT = { timeout: 180_000 };

/** A red dot. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
  'base64',
);

/** Reads the file a question asks for, and says what it was told of it. */
function answer(text, _, { messages }) {
  const [, file] = /Read (\S+)/.exec(text) ?? [];
  const { role, content } = messages.at(-1);
  if (role === 'tool') return `I was told: ${content}`;
  return file ? { calls: 'extract_text', input: { file } } : `Heard ${text.length} letters`;
}

describe('attachments', LIMIT, () => {
  let browser;
  let context;
  let provider;
  let server;

  const suite = useScripted(answer);
  before(async () => {
    ({ browser, provider, server } = suite);
    context = await browser.newContext();
  });
  afterEach(async () => {
    provider.requests = [];
    for (const page of context.pages()) await page.close();
  });

  const choose = (chat, ...files) => chat.find('attach-input').setInputFiles(files);
  const file = (name, mimeType, content) => ({ name, mimeType, buffer: Buffer.from(content) });

  it('are read by the model, kept with the conversation and shown after a reload', async () => {
    const chat = await Chat.open(context, server.origin);
    await choose(chat, file('list.csv', 'text/csv', 'name,age\nAnna,7\n'), { name: 'dot.png', mimeType: 'image/png', buffer: PNG });
    await chat.page.getByRole('button', { name: 'Remove dot.png' }).waitFor();
    await chat.page.getByRole('button', { name: 'Remove list.csv' }).waitFor();
    await chat.ask('What is this?');
    assert.equal(await chat.ended(), 'done');
    const [{ messages }] = provider.requests;
    const { content } = messages.findLast(({ role }) => role === 'user');
    const text = content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('');
    assert.match(text, /What is this\?/);
    assert.match(text, /list\.csv[^]*Anna,7/);
    const image = content.find(({ type }) => type === 'image_url').image_url.url;
    assert.equal(image, `data:image/png;base64,${PNG.toString('base64')}`);

    // The history has addresses, and what is there is what was attached.
    const [{ parts }] = await history(server.origin, chat.id);
    const urls = parts.flatMap(({ type, url }) => (type === 'file' ? [url] : []));
    assert.equal(urls.length, 2);
    for (const url of urls) assert.ok(url.startsWith(`/agents/assistant/${chat.id}/files/`), url);

    await chat.reload();
    const picture = chat.questions.first().getByRole('img', { name: 'dot.png' });
    await picture.waitFor();
    assert.equal(await picture.evaluate((image) => image.decode().then(() => image.naturalWidth)), 1);
    await chat.questions.first().getByText('list.csv').waitFor();
    chat.assertNoProblems();
  });

  it('are chosen with a button, shown before they are sent, and ten at most', async () => {
    const chat = await Chat.open(context, server.origin);
    const [chooser] = await Promise.all([chat.page.waitForEvent('filechooser'), chat.find('attach').click()]);
    assert.ok(chooser.isMultiple());
    await chooser.setFiles([{ name: 'dot.png', mimeType: 'image/png', buffer: PNG }, file('list.csv', 'text/csv', 'a,b\n1,2\n')]);
    const tray = chat.find('attachments');
    const picture = tray.getByRole('img', { name: 'dot.png' });
    await picture.waitFor();
    assert.equal(await picture.evaluate((image) => image.decode().then(() => image.naturalWidth)), 1);
    await tray.getByText('list.csv').waitFor();
    await choose(chat, ...Array.from({ length: 9 }, (_, at) => file(`${at}.txt`, 'text/plain', `${at}`)));
    await chat.find('attach-problem').getByText('at most 10').waitFor();
    await tray.getByRole('button', { name: 'Remove 7.txt' }).waitFor();
    assert.equal(await tray.getByRole('button').count(), 10);
  });

  it('that are PDF are read by a tool, and one that would become very large is not unpacked', async () => {
    const bomb = pdf('', Buffer.alloc(200_000_000, ' '));
    assert.ok(bomb.length < 1_000_000);
    const chat = await Chat.open(context, server.origin);
    await choose(
      chat,
      { name: 'letter.pdf', mimeType: 'application/pdf', buffer: pdf('Greetings from the cellar') },
      { name: 'bomb.pdf', mimeType: 'application/pdf', buffer: bomb },
    );
    await chat.page.getByRole('button', { name: 'Remove letter.pdf' }).waitFor();
    await chat.page.getByRole('button', { name: 'Remove bomb.pdf' }).waitFor();
    await chat.ask('Read letter.pdf please');
    await chat.answers.last().getByText(/I was told: .*Greetings from the cellar/).waitFor();
    await chat.ask('Read bomb.pdf please');
    await chat.answers.last().getByText(/I was told: .*it is small and becomes very large/).waitFor();
    chat.assertNoProblems();
  });

  it('can be pasted and dropped, and taken out again', async () => {
    const chat = await Chat.open(context, server.origin);
    // A name is no path.
    for (const [event, given, name] of [['paste', '../../pasted.txt', 'pasted.txt'], ['drop', 'C:\\x\\dropped.txt', 'dropped.txt']]) {
      await chat.find('composer-input').evaluate(
        (field, [event, name]) => {
          const data = new DataTransfer();
          data.items.add(new File(['hello'], name, { type: 'text/plain' }));
          const options = { bubbles: true, cancelable: true };
          field.dispatchEvent(
            event === 'paste'
              ? new ClipboardEvent(event, { clipboardData: data, ...options })
              : new DragEvent(event, { dataTransfer: data, ...options }),
          );
        },
        [event, given],
      );
      await chat.page.getByRole('button', { name: `Remove ${name}` }).waitFor();
    }
    await chat.page.getByRole('button', { name: 'Remove pasted.txt' }).click();
    await chat.ask('Go');
    await chat.ended();
    const [{ parts }] = await history(server.origin, chat.id);
    assert.deepEqual(parts.flatMap(({ filename }) => filename ?? []), ['dropped.txt']);
    assert.equal(await chat.find('attachments').count(), 0);
  });

  it('that cannot be read or are too large are refused in words, and the rest goes on', async () => {
    const chat = await Chat.open(context, server.origin);
    const problem = chat.find('attach-problem');
    await choose(chat, file('a.zip', 'application/zip', [0x50, 0x4b, 3, 4, 0, 0, 0xff]));
    await problem.getByText('a.zip').waitFor();
    await choose(chat, file('large.txt', 'text/plain', Buffer.alloc(10_000_001, 'a')));
    await problem.getByText('larger than 10 MB').waitFor();
    await choose(chat, file('good.txt', 'text/plain', 'good'));
    await chat.page.getByRole('button', { name: 'Remove good.txt' }).waitFor();
    assert.equal(await problem.textContent(), '');
  });

  it('are looked at by the server, whatever a program says of them', async () => {
    const folder = `${server.origin}/agents/assistant/attached/files`;
    const add = (name, body) => fetch(`${folder}?name=${encodeURIComponent(name)}`, { method: 'POST', body });
    const script = await add('../../x.html', '<script>alert(1)</script>');
    assert.equal(script.status, 201);
    const { url, filename } = await script.json();
    assert.equal(filename, 'x.html');
    const shown = await fetch(server.origin + url);
    assert.equal(shown.headers.get('content-disposition'), 'attachment');
    assert.equal(shown.headers.get('x-content-type-options'), 'nosniff');
    assert.match(shown.headers.get('content-security-policy'), /default-src 'none'/);
    assert.equal((await add('image.png', '<svg onload="alert(1)">').then((answer) => answer.json())).mediaType, 'text/plain');
    assert.equal((await add('a.exe', Buffer.from([0x4d, 0x5a, 0, 0xff]))).status, 415);
    // Nothing that is packed is unpacked on the way in.
    const packed = gzipSync(Buffer.alloc(50_000_000, 'a'));
    for (const headers of [{}, { 'content-encoding': 'gzip' }]) {
      const refused = await fetch(`${folder}?name=a.txt`, { method: 'POST', body: packed, headers });
      assert.equal(refused.status, 415, await refused.text());
    }
    for (const name of ['../../../etc/passwd', '..\\..\\boot.ini', '%2e%2e%2fx', '/etc/shadow\0.txt', '.bashrc']) {
      const { filename, url: at } = await add(name, 'x').then((answer) => answer.json());
      assert.doesNotMatch(filename, /[/\\\0]|^\./, name);
      assert.match(at, /^\/agents\/assistant\/attached\/files\/[\w-]+$/);
    }
    assert.equal((await add('large', Buffer.alloc(10_000_001, 'a'))).status, 413);
    assert.equal((await fetch(`${folder}/none`)).status, 404);
    // Another conversation does not have it.
    assert.equal((await fetch(`${server.origin}${url.replace('/attached/', '/other/')}`)).status, 404);
    const foreign = await fetch(`${folder}?name=a`, { method: 'POST', body: 'a', headers: { origin: 'https://evil.example' } });
    assert.equal(foreign.status, 403);
  });
});
