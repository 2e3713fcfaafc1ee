// Backups, restores and the doctor, as a person types them.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { AgentClient } from 'agents/client';
import WebSocket from 'ws';
import { runBinary, Server } from './support/server.mjs';

const LIMIT = { timeout: 60_000 };

describe('looking after what is kept', () => {
  let server;
  let folder;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'domovoi-upkeep-'));
    server = await Server.start();
  });
  after(async () => {
    await server?.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  /** Gives the list of conversations of a server one entry, and answers its title. */
  async function conversation(server) {
    const title = `about ${randomUUID()}`;
    const client = new AgentClient({
      host: `127.0.0.1:${server.port}`, agent: 'assistant', name: randomUUID(), WebSocket,
    });
    await client.ready;
    const message = { id: randomUUID(), role: 'user', parts: [{ type: 'text', text: title }] };
    const body = JSON.stringify({ messages: [message], trigger: 'submit-message' });
    const begun = new Promise((resolve) => {
      client.addEventListener('message', ({ data }) => {
        if (JSON.parse(data).type === 'cf_agent_use_chat_response') resolve();
      });
    });
    const id = randomUUID();
    client.send(
      JSON.stringify({ type: 'cf_agent_use_chat_request', id, init: { method: 'POST', body } }),
    );
    await begun;
    client.close();
    return title;
  }

  it('backs up while the server runs, and restores into another folder', LIMIT, async () => {
    const title = await conversation(server);
    const file = path.join(folder, 'kept.zip');
    const backup = await runBinary(['backup', file, '--data-dir', server.dataDir]);
    assert.equal(backup.code, 0, backup.stderr);
    assert.match(backup.stdout, /kept\.zip has \d+ files/);

    const refused = await runBinary(['restore', file, '--data-dir', server.dataDir, '--replace']);
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /in use/);

    const other = await Server.start();
    try {
      await other.stop();
      const restore = (...flags) =>
        runBinary(['restore', file, '--data-dir', other.dataDir, ...flags]);
      const full = await restore();
      assert.notEqual(full.code, 0);
      assert.match(full.stderr, /--replace/, 'says what to do');
      const restored = await restore('--replace');
      assert.equal(restored.code, 0, restored.stderr);
      await other.start();
      const page = await (await fetch(other.origin)).text();
      assert.ok(page.includes(title), 'the conversation is in the list');
    } finally {
      await other.dispose();
    }
  });

  it('refuses what is no backup', LIMIT, async () => {
    const file = path.join(folder, 'text.zip');
    await writeFile(file, 'hello');
    const { code, stderr } = await runBinary(['restore', file, '--data-dir', path.join(folder, 'x')]);
    assert.notEqual(code, 0);
    assert.match(stderr, /not a whole backup/);
  });

  it('finds nothing wrong with a server that runs', LIMIT, async () => {
    const { code, stdout } = await runBinary(['doctor', '--data-dir', server.dataDir]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^ok +server +it runs/m);
    assert.match(stdout, /^ok +databases +\d+ and none is damaged/m);
  });

  it('says what is wrong, and where', LIMIT, async () => {
    const data = path.join(folder, 'ill');
    await mkdir(path.join(data, 'agents', 'x'), { recursive: true });
    const damaged = path.join(data, 'agents', 'x', 'y.sqlite3');
    await writeFile(damaged, 'this is no database at all, and has not been one for long');
    const { code, stdout } = await runBinary(['doctor', '--data-dir', data]);
    assert.notEqual(code, 0);
    assert.match(stdout, /^problem +databases +1 of 1 damaged/m);
    assert.ok(stdout.includes(damaged), stdout);
  });

  it('a folder of a later version is refused, and one of an earlier one backed up first', LIMIT, async () => {
    const [other, third] = [await Server.start(), await Server.start()];
    try {
      const title = await conversation(other);
      await other.stop();
      const version = path.join(other.dataDir, 'version');
      const current = await readFile(version, 'utf8');
      await writeFile(version, '999.0.0\n');
      await assert.rejects(other.start(), /999\.0\.0/);
      await writeFile(version, '0.0.1\n');
      await other.start();
      assert.equal(await readFile(version, 'utf8'), current);
      const backups = await readdir(path.join(other.dataDir, 'backups'));
      assert.equal(backups.length, 1, String(backups));

      // It is as the earlier version left it, and whole.
      await third.stop();
      const backup = path.join(other.dataDir, 'backups', backups[0]);
      const restored = await runBinary(['restore', backup, '--data-dir', third.dataDir, '--replace']);
      assert.equal(restored.code, 0, restored.stderr);
      assert.equal(await readFile(path.join(third.dataDir, 'version'), 'utf8'), '0.0.1\n');
      await third.start();
      assert.ok((await (await fetch(third.origin)).text()).includes(title));
    } finally {
      await Promise.all([other.dispose(), third.dispose()]);
    }
  });
});
