// The command line: what a person reads who gave it something wrong.

import assert from 'node:assert/strict';
import { copyFile, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { launch } from './support/browser.mjs';
import { Chat, SHORT_QUESTION } from './support/chat.mjs';
import { embeddedConfig, runBinary, Server, weights } from './support/server.mjs';

const LIMIT = { timeout: 60_000 };

describe('the command line', () => {
  let folder;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'domovoi-cli-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const serve = (...args) =>
    runBinary(['serve', '--listen', '127.0.0.1:0', '--data-dir', path.join(folder, 'data'), ...args]);

  it('tells its version', LIMIT, async () => {
    const { code, stdout } = await runBinary(['version']);
    assert.equal(code, 0);
    assert.match(stdout, /domovoi \d+\.\d+\.\d+/);
  });

  it('names an unknown flag', LIMIT, async () => {
    const { code, stderr } = await serve('--no-such-flag');
    assert.notEqual(code, 0);
    assert.match(stderr, /--no-such-flag/);
  });

  it('names a port that is taken', LIMIT, async () => {
    const holder = createServer();
    await new Promise((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address();
    const { code, stderr } = await runBinary([
      'serve', '--listen', `127.0.0.1:${port}`, '--data-dir', path.join(folder, 'data'),
    ]);
    holder.close();
    assert.notEqual(code, 0);
    assert.match(stderr, new RegExp(`127\\.0\\.0\\.1:${port}`));
    assert.match(stderr, /--listen/, 'says what to do');
  });

  it('names a data folder it cannot write', LIMIT, async () => {
    // A folder below a file: not even root can create that.
    const file = path.join(folder, 'file');
    await writeFile(file, '');
    const impossible = path.join(file, 'data');
    const { code, stderr } = await runBinary([
      'serve', '--listen', '127.0.0.1:0', '--data-dir', impossible,
    ]);
    assert.notEqual(code, 0);
    assert.ok(stderr.includes(impossible), stderr);
  });

  it('names a wrong key of the configuration, and its line', LIMIT, async () => {
    const config = path.join(folder, 'wrong.toml');
    await writeFile(config, '# first line\n\n[model]\nprovidre = "embedded"\n');
    const { code, stderr } = await serve('--config', config);
    assert.notEqual(code, 0);
    assert.match(stderr, /providre/);
    assert.match(stderr, /line 4|:4/);
    assert.ok(stderr.includes(config), stderr);
  });

  it('names a configuration file that is not there', LIMIT, async () => {
    const missing = path.join(folder, 'missing.toml');
    const { code, stderr } = await serve('--config', missing);
    assert.notEqual(code, 0);
    assert.ok(stderr.includes(missing), stderr);
  });

  for (const [what, damage, pattern] of [
    ['damaged', damaged, /checksum|sha-?256|damaged/i],
    ['missing', missing, /not (found|there)|no such file|missing|does not exist/i],
  ]) {
    it(`starts with weights that are ${what}, and says so on the page`, LIMIT, async () => {
      const file = await damage();
      const server = await Server.start({ config: embeddedConfig(file) });
      const browser = await launch();
      try {
        const chat = await Chat.open(browser, server.origin);
        await chat.ask(SHORT_QUESTION);
        const error = chat.find('error').first();
        await error.waitFor({ timeout: 30_000 });
        const text = await error.textContent();
        assert.match(text, pattern);
        assert.ok(text.includes(path.basename(file)), text);
      } finally {
        await browser.close();
        await server.dispose();
      }
    });
  }

  /** The test weights with one byte turned in the middle. */
  async function damaged() {
    const file = path.join(folder, path.basename(weights));
    await copyFile(weights, file);
    const handle = await open(file, 'r+');
    const byte = Buffer.alloc(1);
    const { size } = await handle.stat();
    const middle = Math.floor(size / 2);
    await handle.read(byte, 0, 1, middle);
    byte[0] ^= 0xff;
    await handle.write(byte, 0, 1, middle);
    await handle.close();
    return file;
  }

  async function missing() {
    return path.join(folder, 'nowhere', path.basename(weights));
  }
});
