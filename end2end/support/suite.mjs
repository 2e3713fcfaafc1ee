// What most suites begin with.

import { after, before } from 'node:test';
import { launch } from './browser.mjs';
import { Clients } from './clients.mjs';
import { Host } from './host.mjs';
import { Server } from './server.mjs';

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

/** The release binary and a browser for all tests of a suite, both there once the tests run. */
export function useServerAndBrowser() {
  const suite = {};
  before(async () => {
    suite.server = await Server.start();
    suite.browser = await launch();
  });
  after(async () => {
    await suite.browser?.close();
    await suite.server?.dispose();
  });
  return suite;
}
