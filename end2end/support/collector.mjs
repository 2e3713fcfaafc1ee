// A collector of traces with OpenTelemetry's own definitions of what is in them.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const inRepository = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Starts one: `{ endpoint, requests, until, stop }`. The first start installs a Python package. */
export async function startCollector() {
  const child = spawn(
    inRepository('crates/models/tests/peer/in-venv.sh'),
    [inRepository('target/peer/opentelemetry'), 'opentelemetry-proto==1.45.2', inRepository('end2end/support/collector.py')],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the collector has ended');
    return JSON.parse(value);
  };
  const requests = [];
  return {
    endpoint: await next(),
    /** What it was sent, oldest first, as far as it was awaited. */
    requests,
    /** Waits until all of these spans have come; answers them all. */
    async until(names) {
      const spans = () => requests.flatMap(({ export: { resourceSpans } }) =>
        resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)));
      while (!names.every((name) => spans().some((span) => span.name === name))) requests.push(await next());
      return spans();
    },
    async stop() {
      const ended = new Promise((resolve) => child.on('close', resolve));
      child.kill('SIGKILL');
      await ended;
    },
  };
}
