// Ports of this machine.

import { createServer } from 'node:net';

/** A port that is free now. */
export async function freePort() {
  const holder = createServer();
  await new Promise((resolve) => holder.listen(0, '127.0.0.1', resolve));
  const { port } = holder.address();
  await new Promise((resolve) => holder.close(resolve));
  return port;
}
