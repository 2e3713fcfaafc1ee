// The unit for systemd, read by systemd itself.

import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { binary } from './support/server.mjs';

const UNIT = fileURLToPath(new URL('../contrib/domovoi.service', import.meta.url));

/** What systemd says is open of a service, from 0 to 10; above this it says "medium". */
const MOST_EXPOSED = 2;

const skip = spawnSync('systemd-analyze', ['--version']).error ? 'systemd-analyze is not on this machine' : false;

/** What a command says, of either kind. */
const run = promisify(execFile);

describe('the unit for systemd', { skip }, () => {
  it('has nothing that systemd does not know, and starts the program', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'domovoi-unit-'));
    try {
      const unit = await readFile(UNIT, 'utf8');
      const check = async (text) => {
        const file = path.join(folder, 'domovoi.service');
        await writeFile(file, text);
        return run('systemd-analyze', ['verify', file]);
      };
      const here = unit.replace('/usr/local/bin/domovoi', binary);
      assert.notEqual(here, unit, 'it names where the guide puts the program');
      const { stdout, stderr } = await check(here);
      assert.equal(stdout + stderr, '');
      // And it would say so.
      const { stderr: said } = await check(here.replace('ProtectHome=', 'ProtectHoem='));
      assert.match(said, /ProtectHoem/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('leaves little of the system open', async () => {
    const { stdout } = await run('systemd-analyze', ['security', '--offline=true', '--no-pager', UNIT]);
    const [, exposure] = /exposure level for domovoi\.service: ([\d.]+)/.exec(stdout);
    assert.ok(Number(exposure) <= MOST_EXPOSED, stdout);
  });
});
