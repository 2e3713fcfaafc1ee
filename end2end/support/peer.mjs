// A counterpart that nobody here wrote: llama.cpp's own OpenAI-compatible server, as the tests
// of `crates/models` start it. It serves the test weights as the model `local`.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { weights } from './server.mjs';

const inRepository = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The first start installs a Python package. */
const START_LIMIT = 120_000;

/** Starts it; `url` is what goes into `OPENAI_BASE_URL`. */
export async function startPeer() {
  const child = spawn(
    inRepository('crates/models/tests/peer/llama-server.sh'),
    [inRepository('target/peer/xllamacpp'), weights],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  const ended = new Promise((resolve) => child.on('close', resolve));
  let output = '';
  const address = await new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error(`${why}\n${output}`));
    const timer = setTimeout(() => fail('llama.cpp did not start in time'), START_LIMIT);
    child.on('error', (error) => fail(error.message));
    child.on('close', (code) => fail(`llama.cpp ended with ${code}`));
    const read = (chunk) => {
      output += chunk;
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(output);
      if (!found) return;
      clearTimeout(timer);
      resolve(found[0]);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', (chunk) => (output += chunk));
  });
  return {
    url: `${address}/v1`,
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
