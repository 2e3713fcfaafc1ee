// The page as an installed application: what it says of itself, and what it shows without its server.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hydrated, open } from './support/browser.mjs';
import { useServerAndBrowser } from './support/suite.mjs';

describe('an installed page', () => {
  const suite = useServerAndBrowser();

  it('can be installed: Chromium has nothing against its manifest', async () => {
    const page = await open(suite.browser, suite.server.origin);
    const devtools = await page.context().newCDPSession(page);
    const { errors, data } = await devtools.send('Page.getAppManifest');
    assert.deepEqual(errors, []);
    const { icons, name } = JSON.parse(data);
    assert.equal(name, 'Domovoi');
    for (const { src, type, sizes } of icons) {
      const icon = await fetch(suite.server.origin + src);
      assert.equal(icon.headers.get('content-type'), type);
      // The size stands at a fixed place of a PNG's first chunk.
      const bytes = Buffer.from(await icon.arrayBuffer());
      assert.equal(`${bytes.readUInt32BE(16)}x${bytes.readUInt32BE(20)}`, sizes);
    }
    const { installabilityErrors } = await devtools.send('Page.getInstallabilityErrors');
    // A window without a profile is the browser's matter.
    assert.deepEqual(installabilityErrors.filter(({ errorId }) => errorId !== 'in-incognito'), []);
    await page.close();
  });

  it('says so when the server cannot be reached, and comes back by itself', async () => {
    const context = await suite.browser.newContext();
    const page = await open(context, suite.server.origin);
    await page.evaluate(() => navigator.serviceWorker.ready.then(({ active }) =>
      active.state === 'activated' || new Promise((resolve) => active.addEventListener('statechange', resolve))));
    await suite.server.kill();
    await page.goto(`${suite.server.origin}/c/somewhere`);
    await page.getByRole('heading', { name: 'Domovoi cannot be reached' }).waitFor();
    await suite.server.start();
    await hydrated(page);
    assert.equal(new URL(page.url()).pathname, '/c/somewhere');
    await context.close();
  });
});
