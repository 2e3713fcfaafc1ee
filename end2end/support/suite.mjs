// What most suites begin with.

import { after, before } from 'node:test';
import { Clients } from './clients.mjs';
import { Host } from './host.mjs';

/** A host for all tests of a suite, and clients of it; both go away with the suite. */
export function useHost() {
  const host = new Host();
  const clients = new Clients(host);
  before(() => host.start());
  after(async () => {
    clients.closeAll();
    await host.dispose();
  });
  return { host, clients };
}
