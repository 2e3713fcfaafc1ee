// A counterpart that nobody here wrote: llama.cpp's own OpenAI-compatible server, from the
// prebuilt Python package `xllamacpp`. It serves the test weights as the model `local`.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { weights } from './server.mjs';

const VERSION = '2026.10.11549';
const folder = fileURLToPath(new URL('../../target/llama-peer', import.meta.url));

const PROGRAM = `
import signal, sys, xllamacpp as x
p = x.CommonParams()
p.model.path, p.model_alias, p.hostnames, p.port = sys.argv[1], {"local"}, ["127.0.0.1"], 0
p.n_ctx, p.n_parallel, p.use_jinja = 4096, 1, True
p.cpuparams.n_threads = p.cpuparams_batch.n_threads = 1
s = x.Server(p)
print("listening on", s.listening_address, flush=True)
signal.pause()
`;

/** Starts it; `url` is what goes into `OPENAI_BASE_URL`. */
export async function startPeer() {
  install();
  const child = spawn('python3', ['-c', PROGRAM, weights], {
    env: { ...process.env, PYTHONPATH: path.join(folder, VERSION) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  let output = '';
  const address = await new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error(`${why}\n${output}`));
    const timer = setTimeout(() => fail('llama.cpp did not start in time'), 60_000);
    child.on('error', (error) => fail(error.message));
    child.on('close', (code) => fail(`llama.cpp ended with ${code}`));
    const read = (chunk) => {
      output += chunk;
      const found = /listening on (http:\/\/\S+)/.exec(output);
      if (!found) return;
      clearTimeout(timer);
      resolve(found[1]);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', (chunk) => (output += chunk));
  });
  return {
    url: `${address.replace(/\/$/, '')}/v1`,
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Puts the package into a folder of its own; nothing of the system's Python changes. */
function install() {
  const target = path.join(folder, VERSION);
  if (existsSync(path.join(target, 'xllamacpp'))) return;
  const pip = spawnSync(
    'python3',
    ['-m', 'pip', 'install', '--quiet', '--only-binary', ':all:', '--target', target, `xllamacpp==${VERSION}`],
    { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, PIP_ROOT_USER_ACTION: 'ignore' } },
  );
  if (pip.status !== 0) throw new Error(`could not install xllamacpp ${VERSION}`);
}
