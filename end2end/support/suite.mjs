// What most suites begin with.

import { after, before } from 'node:test';
import { launch } from './browser.mjs';
import { Clients } from './clients.mjs';
import { Host } from './host.mjs';
import { ScriptedProvider } from './scripted.mjs';
import { providerConfig, Server } from './server.mjs';

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

/**
 * A browser, a provider that answers as `answer` says, and the release binary with its model, all there once the
 * tests of a suite run. `config` makes the server's configuration from the provider.
 */
export function useScripted(answer, config = () => providerConfig('scripted')) {
  const suite = {};
  before(async () => {
    const [browser, provider] = await Promise.all([launch(), ScriptedProvider.start(answer)]);
    Object.assign(suite, { browser, provider });
    suite.server = await Server.start({ config: config(provider), env: provider.env });
  });
  after(async () => {
    await suite.browser?.close();
    await suite.server?.dispose();
    suite.provider?.stop();
  });
  return suite;
}
