// Our client's program: a line in, a line out.

import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { binary, cleanEnvironment } from './server.mjs';

export const program = path.join(path.dirname(binary), 'domovoi-test-client');

export class Lines {
  #child;
  #waiting = [];

  /** Starts the program with these arguments. */
  constructor(args) {
    this.#child = spawn(program, args, { env: cleanEnvironment(), stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#waiting.shift().resolve(JSON.parse(line)));
    const ended = (why) => this.#waiting.splice(0).forEach(({ reject }) => reject(new Error(`our client ended: ${why}`)));
    this.#child.on('error', ended);
    this.#child.on('exit', ended);
    // What could not be written shows as an answer that does not come.
    this.#child.stdin.on('error', () => {});
  }

  /** Sends one line and waits for the answer to it. */
  ask(question) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#child.stdin.write(`${JSON.stringify(question)}\n`);
    });
  }

  close() {
    this.#child.stdin.end();
  }
}
