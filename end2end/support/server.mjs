// The release binary as a test drives it: started in an empty folder on a port of its own,
// stopped politely, killed, and started again with the same data.

import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The program under test. */
export const binary =
  process.env.DOMOVOI_TEST_BINARY ?? path.join(root, 'target', 'release', 'domovoi');

/** The weights all tests use. */
export const weights =
  process.env.DOMOVOI_TEST_WEIGHTS ??
  path.join(root, 'target', 'weights', 'models', 'SmolLM2-135M-Instruct.Q4_1.gguf');

/** How long a start may take before it counts as failed. */
const START_LIMIT = 60_000;

/** A configuration file that answers with the embedded model. */
export function embeddedConfig(file = weights) {
  const threads = process.env.DOMOVOI_TEST_THREADS ?? '1';
  return `[model]\nprovider = "embedded"\nweights = ${JSON.stringify(file)}\nthreads = ${threads}\n`;
}

/** A configuration file that answers with an OpenAI-compatible server; address and key are variables. */
export function providerConfig(model = 'local') {
  return `[model]\nprovider = "openai"\nname = ${JSON.stringify(model)}\n`;
}

/** The environment without anything that would configure the server behind a test's back. */
export function cleanEnvironment(extra = {}) {
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('DOMOVOI_') && !name.startsWith('OPENAI_'),
  );
  return { ...Object.fromEntries(kept), ...extra };
}

/** Runs the binary to its end, with `input` for it to read: `{ code, stdout, stderr }`. */
export async function runBinary(args, { env = {}, cwd = tmpdir(), limit = 20_000, input = '' } = {}) {
  const child = spawn(binary, args, { cwd, env: cleanEnvironment(env), stdio: ['pipe', 'pipe', 'pipe'] });
  // Most commands read nothing, and may have ended by now.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const timer = setTimeout(() => child.kill('SIGKILL'), limit);
  const [stdout, stderr, code] = await Promise.all([
    collect(child.stdout),
    collect(child.stderr),
    new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    }),
  ]);
  clearTimeout(timer);
  return { code, stdout, stderr };
}

async function collect(stream) {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}

/** A running `domovoi serve` with a folder of its own. */
export class Server {
  #child;
  #exited;
  #folder;
  #program;
  #env;
  #command;
  #args;
  #host;
  #port = 0;
  #output = '';

  /**
   * Starts the server and waits until it says where it listens. `command` are all its arguments, in the place
   * of those that name its address, its data and its configuration.
   */
  static async start({ program = binary, config = embeddedConfig(), env = {}, command, args = [], host = '127.0.0.1' } = {}) {
    const server = new Server();
    server.#program = program;
    server.#folder = await mkdtemp(path.join(tmpdir(), 'domovoi-test-'));
    server.#env = cleanEnvironment(env);
    server.#command = command;
    server.#args = args;
    server.#host = host;
    if (!command) await writeFile(server.configFile, config);
    await server.#spawn();
    return server;
  }

  /** `http://127.0.0.1:PORT` */
  get origin() {
    return `http://127.0.0.1:${this.#port}`;
  }

  get port() {
    return this.#port;
  }

  /** The id of the process. */
  get pid() {
    return this.#child.pid;
  }

  /** The folder it is started in. */
  get folder() {
    return this.#folder;
  }

  get dataDir() {
    return path.join(this.#folder, 'data');
  }

  get configFile() {
    return path.join(this.#folder, 'test.toml');
  }

  /** Everything printed so far, by all starts. */
  get output() {
    return this.#output;
  }

  /** Asks the server to end, as a service manager does. */
  async stop() {
    this.#child?.kill('SIGTERM');
    const code = await this.#ended(10_000);
    this.#child = undefined;
    return code;
  }

  /** Ends it without asking, as a power cut does. */
  async kill() {
    this.#child?.kill('SIGKILL');
    await this.#ended(10_000);
    this.#child = undefined;
  }

  /** Starts it again: same data, and the same port where no other `command` is given. */
  async start(command = this.#command) {
    this.#command = command;
    await this.#spawn();
  }

  /** Stops it and removes its folder. */
  async dispose() {
    if (this.#child) await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #spawn() {
    const child = spawn(
      this.#program,
      this.#command ?? [
        'serve',
        '--listen', `${this.#host}:${this.#port}`,
        '--data-dir', this.dataDir,
        '--config', this.configFile,
        ...this.#args,
      ],
      { cwd: this.#folder, env: this.#env, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.#child = child;
    this.#exited = new Promise((resolve) => child.on('close', resolve));
    const began = this.#output.length;
    await new Promise((resolve, reject) => {
      const timer = setTimeout(() => fail('the server did not start in time'), START_LIMIT);
      const fail = (why) => {
        // It would keep the tests from ending.
        clearTimeout(timer);
        reject(new Error(`${why}\n${this.#output.slice(began)}`));
      };
      child.on('error', (error) => fail(`the server could not be started: ${error.message}`));
      child.on('close', (code) => fail(`the server ended with ${code} before it listened`));
      const read = (chunk) => {
        this.#output += chunk;
        const address = /listening on http:\/\/[\d.]+:(\d+)/.exec(this.#output.slice(began));
        if (!address) return;
        clearTimeout(timer);
        this.#port = Number(address[1]);
        resolve();
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
    });
  }

  async #ended(limit) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`the server did not end\n${this.#output}`)), limit);
    });
    try {
      return await Promise.race([this.#exited, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
