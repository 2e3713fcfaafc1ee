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
  #args;

  /** `127.0.0.1:PORT`; it stays the same when the host is started again. */
  address = '127.0.0.1:0';

  /** A host with these flags beside those it always has. */
  constructor(args = []) {
    this.#args = args;
  }

  /** Starts it in a new folder. */
  async start() {
    this.#folder = await mkdtemp(path.join(tmpdir(), 'domovoi-host-'));
    await this.again();
    return this;
  }

  /** Starts a new process with the same data on the same address. */
  async again() {
    const child = spawn(program, ['--data-dir', this.#folder, '--listen', this.address, ...this.#args], {
      env: cleanEnvironment(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child = child;
    this.address = await new Promise((resolve, reject) => {
      let output = '';
      child.on('error', reject);
      child.on('exit', (code) => reject(new Error(`the host ended with ${code}`)));
      child.stdout.on('data', (chunk) => {
        output += chunk;
        const found = /listening on (\S+)\n/.exec(output);
        if (found) resolve(found[1]);
      });
    });
  }

  /** Ends it without asking. */
  async kill() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await exited;
  }

  /** `kill -9`, then the same data in a new process. */
  async crash() {
    await this.kill();
    await this.again();
  }

  async dispose() {
    if (!this.#child) return;
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
