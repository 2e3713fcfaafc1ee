// Files of conversations that are not what they should be: the page says so in words, and goes on.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Chat, history } from './support/chat.mjs';
import { useScripted } from './support/suite.mjs';

const LIMIT = { timeout: 180_000 };

/** What a ZIP archive begins with. */
const ARCHIVE = Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(100)]);

/** A file of ours with one conversation. */
const exported = (fields, ...parts) => JSON.stringify({
  domovoi: 1,
  conversations: [{
    title: 'A title', createdAt: 1, updatedAt: 1, ...fields,
    messages: [{ id: randomUUID(), role: 'user', parts: [{ type: 'text', text: 'Hello' }, ...parts] }],
  }],
});

const attached = (filename, mediaType, content) =>
  ({ type: 'file', filename, mediaType, url: `data:${mediaType};base64,${Buffer.from(content).toString('base64')}` });

describe('a file to import', LIMIT, () => {
  const suite = useScripted((text) => `Heard: ${text}`);
  let folder, chat;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'domovoi-import-'));
    chat = await Chat.open(suite.browser, suite.server.origin);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** Imports a file; answers what the server says to it. */
  async function give(file) {
    const answer = chat.page.waitForResponse(/\/import$/);
    await chat.find('import-input').setInputFiles(file);
    return answer;
  }
  const json = (name, content) => ({ name, mimeType: 'application/json', buffer: Buffer.from(content) });
  const note = (words) => chat.find('note').getByText(words).waitFor();
  const titles = () => chat.find('conversation-item').allInnerTexts();

  it('that is an archive, packed, deep or none at all is refused in words, and nothing is unpacked', async () => {
    const packed = gzipSync(exported({ title: 'a'.repeat(50_000_000) }));
    for (const [name, content, words] of [
      ['chatgpt.zip', ARCHIVE, 'unpack it'],
      ['packed.json', packed, 'it is not JSON'],
      ['deep.json', '['.repeat(5_000_000), 'it is not JSON'],
      ['photo.json', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0xff]), 'it is not JSON'],
      ['other.json', '{"a": 1}', 'no conversation in this file'],
      ['later.json', '{"domovoi": 999, "conversations": []}', 'newer'],
    ]) {
      assert.equal((await give(json(name, content))).status(), 422, name);
      await note(words);
    }
    assert.deepEqual(await titles(), []);
  });

  it('that is too large is refused in words', async () => {
    const large = path.join(folder, 'large.json');
    await writeFile(large, '');
    await truncate(large, 100_000_001);
    assert.equal((await give(large)).status(), 413);
    await note('larger than 100 MB');
    assert.deepEqual(await titles(), []);
  });

  it('brings what it has under names that lead nowhere', async () => {
    await give(json('export.json', exported(
      { title: '../../../etc/passwd', folder: '../../escape' },
      attached('../../../etc/shadow', 'text/plain', 'the content'),
      attached('C:\\windows\\system.ini', 'text/plain', 'of another'),
    )));
    await note('One conversation was imported.');
    await chat.page.getByRole('link', { name: '../../../etc/passwd' }).click();
    await chat.questions.first().getByText('shadow').waitFor();
    const id = new URL(chat.page.url()).pathname.split('/').pop();
    const [{ parts }] = await history(suite.server.origin, id);
    const files = parts.filter(({ type }) => type === 'file');
    assert.deepEqual(files.map(({ filename }) => filename), ['shadow', 'system.ini']);
    for (const { url } of files) assert.match(url, new RegExp(`^/agents/assistant/${id}/files/[\\w-]+$`));
    assert.equal(await (await fetch(suite.server.origin + files[0].url)).text(), 'the content');
    // It goes out under a name that is one, and what is kept is where it should be.
    const saved = await fetch(`${suite.server.origin}/agents/assistant/${id}/export.json`);
    assert.doesNotMatch(saved.headers.get('content-disposition'), /[/\\]|%2f|\.\./i);
    assert.ok((await readdir(path.join(suite.server.dataDir, 'agents/assistant'))).includes(`${id}.sqlite3`));
    assert.deepEqual((await readdir(suite.server.folder)).toSorted(), ['data', 'test.toml']);
  });

  it('brings no attachment that could not have been attached, and says so', async () => {
    await give(json('export.json', exported(
      { title: 'With files' },
      attached('a.exe', 'image/png', [0x4d, 0x5a, 0, 0xff]),
      attached('large.txt', 'text/plain', Buffer.alloc(10_000_001, 'a')),
      attached('good.txt', 'text/plain', 'good'),
    )));
    await note('2 attachments that are no image, PDF or text, or too large');
    await chat.page.getByRole('link', { name: 'With files' }).click();
    await chat.questions.first().getByText('good.txt').waitFor();
    assert.equal(await chat.questions.first().getByText(/a\.exe|large\.txt/).count(), 0);
    // It is what was refused above, and nothing else.
    for (const problem of chat.page.problems) assert.match(problem, /status of (413|422)/);
  });
});
