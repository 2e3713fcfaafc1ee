// Accounts as people use them: the first one, sessions, tokens, roles, limits, what happened.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { hydrated, newPage } from './support/browser.mjs';
import { Chat } from './support/chat.mjs';
import { addUser, send, signIn } from './support/people.mjs';
import { providerConfig, Server } from './support/server.mjs';
import { useScripted } from './support/suite.mjs';

const LIMIT = { timeout: 180_000 };
const PRICES = '\n[prices]\n"openai/scripted" = { input = 1000.0, output = 2000.0 }\n';

describe('an account', LIMIT, () => {
  let browser, provider, server, anna, bob;

  /** Somebody's browser, signed in. */
  async function browserOf(name, password) {
    const context = await browser.newContext();
    const [cookie, value] = (await signIn(server, name, password)).split('=');
    await context.addCookies([{ name: cookie, value, url: server.origin }]);
    return context;
  }

  const suite = useScripted((text) => `Heard: ${text}`, () => providerConfig('scripted') + PRICES);
  before(async () => {
    ({ browser, provider, server } = suite);
    anna = { password: await addUser(server, 'anna') };
    bob = { password: await addUser(server, 'bob') };
    anna.context = await browserOf('anna', anna.password);
    bob.context = await browserOf('bob', bob.password);
  });

  const go = async (who, address) => {
    const page = await newPage(who.context);
    await page.goto(server.origin + address);
    return page;
  };

  it('that is the first is made with the code from the terminal', async () => {
    const fresh = await Server.start({ host: '0.0.0.0', args: ['--setup'], config: providerConfig('scripted'), env: provider.env });
    const context = await browser.newContext();
    try {
      const [, code] = /set-up code: ([\w-]+)/.exec(fresh.output);
      const page = await newPage(context);
      await page.goto(fresh.origin);
      await page.waitForURL('**/setup');
      for (const [typed, problem] of [['aaaa-bbbb-cccc', true], [code, false]]) {
        await page.getByLabel('Set-up code').fill(typed);
        await page.getByLabel('Name').fill('Olga');
        await page.getByLabel('Password').fill('a long password');
        await page.getByTestId('make-account').click();
        if (problem) await page.getByTestId('problem').waitFor();
      }
      await page.waitForURL(`${fresh.origin}/`);
      await hydrated(page);
      assert.equal(await page.getByTestId('account').textContent(), 'Olga');
      await page.getByTestId('account').click();
      await page.getByText('owner', { exact: true }).first().waitFor();
    } finally {
      await context.close();
      await fresh.dispose();
    }
  });

  it('shows where one is signed in, and ends what one does not know', async () => {
    const elsewhere = { context: await browserOf('bob', bob.password) };
    const other = await Chat.open(elsewhere.context, server.origin);
    const page = await go(bob, '/account');
    const sessions = page.getByTestId('session');
    const count = await sessions.count();
    assert.ok(count >= 2);
    assert.equal(await sessions.getByText('this one').count(), 1);
    for (let left = count - 1; left > 0; left -= 1) {
      await page.getByTestId('session-revoke').first().click();
      await page.getByTestId('done').waitFor();
      await page.waitForFunction((left) => document.querySelectorAll('[data-testid="session-revoke"]').length === left - 1, left);
    }
    // Its open page is cut off, and its next one is the door.
    await other.page.getByText('The connection is closed', { exact: false }).first().waitFor();
    await other.page.goto(server.origin);
    await other.page.waitForURL('**/sign-in');
    await page.reload();
    assert.equal(await sessions.count(), 1, 'this one goes on');
    await elsewhere.context.close();
    await page.close();
  });

  it('has tokens that are good for what they were made for, and until when', async () => {
    const page = await go(bob, '/account');
    await page.getByLabel('What it is for').fill('reader');
    const scopes = page.locator('fieldset input[type="checkbox"]');
    await page.locator('input[name="models"]').uncheck();
    await page.locator('input[name="read"]').check();
    assert.equal(await scopes.count(), 3);
    await page.locator('select[name="days"]').selectOption('30');
    await page.getByTestId('token-make').click();
    const authorization = `Bearer ${await page.getByTestId('token-made').innerText()}`;
    const ends = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
    const row = page.getByTestId('token').filter({ hasText: 'reader' });
    assert.match(await row.innerText(), new RegExp(`read[^]*${ends}|${ends}[^]*read`));
    const status = async (method, path, body) =>
      (await fetch(server.origin + path, { method, body, headers: { authorization, origin: server.origin } })).status;
    assert.equal(await status('GET', '/agents/assistant/x/get-messages'), 200);
    assert.equal(await status('POST', '/agents/assistant/x/files?name=a'), 403);
    const question = { model: 'default', messages: [{ role: 'user', content: 'Hello' }] };
    assert.equal(await status('POST', '/v1/chat/completions', JSON.stringify(question)), 403);
    assert.equal(await status('GET', '/account'), 401);
    await row.getByTestId('token-revoke').click();
    await page.getByTestId('done').waitFor();
    assert.equal(await status('GET', '/agents/assistant/x/get-messages'), 401);
    await page.close();
  });

  it('has a role, which the owner gives, and what happened is written down', async () => {
    const page = await go(anna, '/account');
    const row = page.getByTestId('person').and(page.locator('[data-name="bob"]'));
    const bobs = await go(bob, '/account');
    for (const [role, invites] of [['admin', 1], ['member', 0]]) {
      await row.locator('select').selectOption(role);
      await row.getByTestId('person-role').click();
      await page.getByTestId('done').waitFor();
      await bobs.reload();
      assert.equal(await bobs.getByTestId('invite').count(), invites, role);
      assert.equal(await bobs.getByTestId('audit').count(), invites, role);
    }
    const log = await page.getByTestId('audit').innerText();
    for (const line of [/bob: role changed \(admin\), by anna/, /bob: token added/, /bob: session revoked/, /anna: signed in/]) assert.match(log, line);
    await Promise.all([page.close(), bobs.close()]);
  });

  it('has limits in requests, tokens and money, and shows what was used of them', async () => {
    const owner = await go(anna, '/account');
    await owner.goto(`${server.origin}/usage`);
    await owner.getByTestId('people').getByRole('link', { name: 'bob' }).click();
    const set = async (name, value) => {
      for (const field of ['requests_per_day', 'tokens_per_day', 'money_per_day']) {
        await owner.locator(`[name="${field}"]`).fill(field === name ? value : '');
      }
      await owner.getByTestId('quota').locator('button').first().click();
      await owner.getByTestId('done').waitFor();
    };
    const chat = await Chat.open(bob.context, server.origin);
    const usage = await go(bob, '/usage');
    const chart = (name) => usage.getByTestId('chart').filter({ hasText: name });
    assert.equal(await usage.locator('rect:not([height="0.0"])').count(), 0);

    // A question takes 17 tokens, and 22 thousandths.
    await chat.ask('the first');
    await chat.answers.first().getByText('Heard: the first').waitFor();
    await chat.ended();
    for (const [name, limit, shown] of [
      ['requests_per_day', '1', '1 of 1'],
      ['tokens_per_day', '17', '17 of 17'],
      ['money_per_day', '0.02', /0\.022 of 0\.02/],
    ]) {
      await set(name, limit);
      await chat.ask('one more');
      await chat.find('error').getByText(/used up/).waitFor();
      await usage.reload();
      await usage.getByTestId('limits').getByText(shown).waitFor();
      assert.equal(await usage.getByTestId('quota').count(), 0, 'nobody sets their own');
    }
    for (const [name, sum] of [['Tokens', '17'], ['Requests', '1'], ['Money', '0.022']]) {
      assert.match(await chart(name).innerText(), new RegExp(sum.replace('.', '\\.')), name);
      assert.equal(await chart(name).locator('rect:not([height="0.0"])').count(), 1, name);
    }
    await set('', '');
    await chat.ask('and now');
    await chat.answers.last().getByText('Heard: and now').waitFor();
    await Promise.all([owner.close(), usage.close(), chat.page.close()]);
  });

  it('is made by whoever was invited, unless the invitation was taken back', async () => {
    const page = await go(anna, '/account');
    const invite = async () => {
      await page.getByTestId('invite').click();
      return page.getByTestId('invitation-link').innerText();
    };
    const strangers = await browser.newContext();
    const stranger = await newPage(strangers);
    const taken = await invite();
    await page.getByTestId('invitation').first().getByRole('button', { name: 'Take back' }).click();
    await page.getByTestId('done').waitFor();
    assert.equal(await page.getByTestId('invitation').count(), 0);
    assert.equal((await stranger.goto(taken)).status(), 404);

    await stranger.goto(await invite());
    await stranger.getByLabel('Name').fill('dora');
    await stranger.getByLabel('Password').fill('a long password');
    await stranger.getByTestId('make-account').click();
    await stranger.waitForURL(`${server.origin}/`);
    await hydrated(stranger);
    assert.equal(await stranger.getByTestId('account').textContent(), 'dora');
    await page.goto(`${server.origin}/account`);
    await page.getByTestId('person').and(page.locator('[data-name="dora"]')).waitFor();
    assert.equal(await page.getByTestId('invitation').count(), 0, 'it was good for one');
    const log = await page.getByTestId('audit').innerText();
    for (const line of [/anna: invitation revoked/, /dora: added \(member by invitation\)/]) assert.match(log, line);
    await Promise.all([page.close(), strangers.close()]);
  });

  it('is guessed at ten times, and then has to wait, as the page says', async () => {
    const strangers = await browser.newContext();
    const page = await newPage(strangers);
    const guess = async (name, password) => {
      await page.goto(`${server.origin}/sign-in`);
      await page.getByLabel('Name').fill(name);
      await page.getByLabel('Password').fill(password);
      await page.getByTestId('sign-in').click();
    };
    for (let count = 0; count < 10; count += 1) {
      assert.equal((await send(server, '/sign-in', { name: 'bob', password: 'not the password' })).status, 401);
    }
    // The right one is not looked at either.
    for (const password of ['not the password', bob.password]) {
      await guess('bob', password);
      await page.getByTestId('problem').getByText(/too many attempts\. Try again in \d+ min/).waitFor();
    }
    await guess('anna', anna.password);
    await page.waitForURL(`${server.origin}/`);
    await strangers.close();
  });
});
