// The test host: agents built on the SDK only, in a process of their own.

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cleanEnvironment, binary } from './server.mjs';

const program = path.join(path.dirname(binary), 'domovoi-test-host');

export class Host {
  #child;
  #folder;

  /** Starts the host in a new folder, or again in one that is there. */
  static async start(folder) {
    const host = new Host();
    host.#folder = folder ?? (await mkdtemp(path.join(tmpdir(), 'domovoi-host-')));
    host.#child = spawn(program, ['--data-dir', host.#folder], {
      env: cleanEnvironment(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    host.address = await new Promise((resolve, reject) => {
      let output = '';
      host.#child.on('error', reject);
      host.#child.on('exit', (code) => reject(new Error(`the host ended with ${code}`)));
      host.#child.stdout.on('data', (chunk) => {
        output += chunk;
        const found = /listening on (\S+)\n/.exec(output);
        if (found) resolve(found[1]);
      });
    });
    return host;
  }

  /** Ends it without asking. */
  async kill() {
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await exited;
  }

  /** `kill -9`, then the same data in a new process. */
  async crash() {
    await this.kill();
    return Host.start(this.#folder);
  }

  async dispose() {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
