// Our own client in one conversation, in a process of its own.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { program } from './lines.mjs';
import { cleanEnvironment } from './server.mjs';
import { Watchers } from './watchers.mjs';

export class OurChat {
  #child;
  #watchers = new Watchers();
  #ended;

  /** What there is to see. */
  seen = { connected: false, status: 'ready', error: null, messages: [] };

  constructor({ host, agent, name }) {
    const args = ['chat', '--host', host, '--agent', agent, '--name', name];
    this.#child = spawn(program, args, { env: cleanEnvironment(), stdio: ['pipe', 'pipe', 'inherit'] });
    this.#ended = new Promise((_, reject) => {
      this.#child.on('error', reject);
      this.#child.on('exit', (code) => reject(new Error(`our client ended with ${code}`)));
    });
    // Whoever waits is told.
    this.#ended.catch(() => {});
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.seen = JSON.parse(line);
      this.#watchers.changed();
    });
  }

  static async join(options) {
    const chat = new OurChat(options);
    await chat.until(({ connected }) => connected);
    return chat;
  }

  /** Waits until something is so; looks after every change. */
  until(fits) {
    return Promise.race([this.#watchers.until(fits, () => this.seen), this.#ended]);
  }

  submit(text) {
    this.#do({ do: 'submit', text });
  }

  stop() {
    this.#do({ do: 'stop' });
  }

  clear() {
    this.#do({ do: 'clear' });
  }

  regenerate() {
    this.#do({ do: 'regenerate' });
  }

  output(output) {
    this.#do({ do: 'output', output });
  }

  decide(approved) {
    this.#do({ do: 'decide', approved });
  }

  #do(deed) {
    this.#child.stdin.write(`${JSON.stringify(deed)}\n`);
  }

  close() {
    this.#child.stdin.end();
  }
}
