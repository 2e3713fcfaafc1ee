// Signing in at an identity provider that nobody here wrote, in a real browser.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { hydrated, launch, screenshot } from './support/browser.mjs';
import { CLIENT, IdentityProvider, signInAgain, signInThere } from './support/identity-provider.mjs';
import { addUser, ask, PAGE, user } from './support/people.mjs';
import { embeddedConfig, runBinary, Server } from './support/server.mjs';

/** Who is of this domain comes in. */
const config = (issuer) => `${embeddedConfig()}
[openid]
issuer = "${issuer}"
client_id = "${CLIENT.id}"
client_secret_env = "DOMOVOI_TEST_OPENID_SECRET"
label = "Example"
email_domains = ["example.com"]
sign_up = true
`;

const env = { DOMOVOI_TEST_OPENID_SECRET: CLIENT.secret };

describe('OpenID Connect', () => {
  let provider, server, browser, password;

  before(async () => {
    provider = await IdentityProvider.start();
    server = await Server.start({ config: config(provider.issuer), env });
    provider.serve(server.origin);
    browser = await launch();
    password = await addUser(server, 'anna');
  });
  after(async () => {
    await browser?.close();
    await server?.dispose();
    await provider?.stop();
  });

  /** A browser of somebody's own, at a page of the server. */
  const visit = async (path = '/') => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(server.origin + path);
    return page;
  };
  const arrived = (page, path) => page.waitForURL((url) => url.href === server.origin + path);
  const people = async () => (await user(server, ['list'])).stdout;
  const signOut = async (page) => {
    await page.goto(`${server.origin}/account`);
    await page.getByTestId('sign-out').click();
    await page.waitForURL('**/sign-in');
  };

  it('makes an account for those who may come in, and knows them again', async () => {
    const page = await visit('/c/some-conversation');
    await screenshot(page, 'sign-in-openid');
    await page.getByTestId('openid').click();
    await signInThere(page, 'carla@example.com');
    await arrived(page, '/c/some-conversation');
    await hydrated(page);
    assert.match(await people(), /^member .* carla$/m);

    await signOut(page);
    await page.getByTestId('openid').click();
    // The provider remembers who that is.
    await arrived(page, '/');
    assert.equal((await people()).match(/carla/g).length, 1);
    await page.goto(`${server.origin}/account`);
    assert.equal(await page.locator('h1').textContent(), 'carla');
    // It is the only way in that they have.
    assert.equal(await page.getByTestId('openid-link').count(), 0);
    assert.equal(await page.getByTestId('password-change').count(), 0);
    assert.ok(provider.seen.includes('POST /token'));

    // Another one takes a sign-in there that is new, although the provider remembers who that is.
    await page.getByTestId('openid-prove').click();
    await page.getByTestId('openid').click();
    await signInAgain(page, 'carla@example.com');
    await arrived(page, '/account?done=proven');
    await screenshot(page, 'account-proven');
    await page.locator('input[name="new"]').fill(password);
    await page.getByTestId('password-change').click();
    await arrived(page, '/account?done=password');
    await signOut(page);
    await page.locator('input[name="name"]').fill('carla');
    await page.locator('input[name="password"]').fill(password);
    await page.getByTestId('sign-in').click();
    await arrived(page, '/');
    await page.context().close();
  });

  it('lets nobody in whom the configuration does not name, and says so', async () => {
    for (const [name, words] of [
      ['eve@evil.example', /eve@evil\.example, who may not use this server/],
      ['unverified@example.com', /may not use this server/],
    ]) {
      const page = await visit('/sign-in');
      await page.getByTestId('openid').click();
      await signInThere(page, name);
      await page.waitForURL('**/sign-in/openid/callback?**');
      assert.match(await page.locator('main').textContent(), words);
      await page.goto(server.origin);
      assert.equal(new URL(page.url()).pathname, '/sign-in');
      await page.context().close();
    }
    assert.doesNotMatch(await people(), /eve|unverified/);
    const page = await visit('/sign-in');
    await page.getByTestId('openid').click();
    await page.locator('a[href$="/abort"]').click();
    await page.waitForURL('**/sign-in/openid/callback?**');
    assert.match(await page.locator('main').textContent(), /it said `access_denied`/);
    await page.context().close();
  });

  it('links an account to an identity, and the other way', async () => {
    const page = await visit('/sign-in');
    await page.locator('input[name="name"]').fill('anna');
    await page.locator('input[name="password"]').fill(password);
    await page.getByTestId('sign-in').click();
    await arrived(page, '/');
    await page.goto(`${server.origin}/account`);
    await page.getByTestId('openid-link').click();
    await page.getByTestId('openid').click();
    // Whom the owner links comes in, whatever the domain.
    await signInThere(page, 'anna@elsewhere.example');
    await arrived(page, '/account?done=linked');
    await screenshot(page, 'account-openid');

    await signOut(page);
    await page.getByTestId('openid').click();
    await arrived(page, '/');
    await page.goto(`${server.origin}/account`);
    assert.equal(await page.locator('h1').textContent(), 'anna');

    await page.getByTestId('openid-link').click();
    await arrived(page, '/account?done=unlinked');

    // Carla's identity is hers.
    const context = await browser.newContext();
    await context.addCookies((await page.context().cookies()).filter(({ name }) => name === 'domovoi'));
    const other = await context.newPage();
    await other.goto(`${server.origin}/account`);
    await other.getByTestId('openid-link').click();
    await other.getByTestId('openid').click();
    await signInThere(other, 'carla@example.com');
    await other.waitForURL('**/sign-in/openid/callback?**');
    assert.match(await other.locator('main').textContent(), /belongs to another account/);
    await context.close();

    await signOut(page);
    await page.getByTestId('openid').click();
    await page.waitForURL('**/sign-in/openid/callback?**');
    assert.match(await page.locator('main').textContent(), /may not use this server/);
    await page.context().close();
  });

  it('answers nobody who did not begin here, or comes twice', async () => {
    const callback = (query, cookie) =>
      ask(server, `/sign-in/openid/callback?${query}`, { ...PAGE, ...(cookie ? { cookie } : {}) });
    assert.equal((await callback('code=x&state=y')).status, 400);
    const begun = await ask(server, '/sign-in/openid?next=https://evil.example/', PAGE);
    assert.equal(begun.status, 303);
    const there = new URL(begun.headers.get('location'));
    assert.equal(there.origin, provider.issuer);
    assert.equal(there.searchParams.get('code_challenge_method'), 'S256');
    assert.equal(there.searchParams.get('redirect_uri'), `${server.origin}/sign-in/openid/callback`);
    const cookie = begun.headers.get('set-cookie');
    assert.match(cookie, /^domovoi-openid=[\w-]{43}; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax$/);
    const [kept] = cookie.split(';');
    const state = there.searchParams.get('state');
    assert.equal((await callback(`code=x&state=wrong`, kept)).status, 400);
    // The wrong one has used it up.
    assert.equal((await callback(`code=x&state=${state}`, kept)).status, 400);
  });

  it('says in the log why somebody could not come in, and nothing secret', async () => {
    assert.match(server.output, /eve@evil\.example is not among those who may come in/);
    assert.ok(!server.output.includes(CLIENT.secret));
    const doctor = () =>
      runBinary(['doctor', '--data-dir', server.dataDir, '--config', server.configFile], { env });
    assert.match((await doctor()).stdout, /sign-in.* answers/);
    await provider.stop();
    const { code, stdout } = await doctor();
    assert.notEqual(code, 0);
    assert.match(stdout, /sign-in.*cannot be reached/);
  });
});
