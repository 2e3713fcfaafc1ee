// Behind nginx with TLS, as the guide says to set it up: pages, live connections, files and people as without it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import https from 'node:https';
import { after, before, describe, it } from 'node:test';
import { hydrated, launch, newPage } from './support/browser.mjs';
import { Chat } from './support/chat.mjs';
import { NAME, startNginx, without } from './support/nginx.mjs';
import { addUser } from './support/people.mjs';
import { freePort } from './support/port.mjs';
import { ScriptedProvider } from './support/scripted.mjs';
import { providerConfig, runBinary, Server } from './support/server.mjs';

const LIMIT = { timeout: 180_000 };

describe('behind nginx', { ...LIMIT, skip: without }, () => {
  let origin, browser, provider, server, nginx, context, password;

  before(async () => {
    const port = await freePort();
    origin = `https://${NAME}:${port}`;
    provider = await ScriptedProvider.start((text) => (/hold/.test(text) ? 'Here and more of it' : `Heard: ${text}`));
    server = await Server.start({
      config: `public_url = "${origin}"\n${providerConfig('scripted')}`,
      env: provider.env,
    });
    nginx = await startNginx(server, port);
    password = await addUser(server, 'anna');
    browser = await launch([`--host-resolver-rules=MAP ${NAME} 127.0.0.1`, '--ignore-certificate-errors']);
    context = await browser.newContext();
  });
  after(async () => {
    await browser?.close();
    await nginx?.stop();
    await server?.dispose();
    provider?.stop();
  });

  it('people sign in, with a cookie that only TLS carries', async () => {
    const page = await newPage(context);
    await page.goto(`${origin}/`);
    await page.waitForURL('**/sign-in');
    await page.getByLabel('Name').fill('anna');
    await page.getByLabel('Password').fill(password);
    await page.getByTestId('sign-in').click();
    await page.waitForURL(`${origin}/`);
    await hydrated(page);
    const [cookie, ...others] = await context.cookies();
    assert.deepEqual(others, []);
    const { name, secure, httpOnly, sameSite } = cookie;
    assert.deepEqual({ name, secure, httpOnly, sameSite }, { name: '__Host-domovoi', secure: true, httpOnly: true, sameSite: 'Lax' });
    assert.deepEqual(page.problems, []);
    await page.close();
  });

  it('its headers are added to ours', async () => {
    const page = await newPage(context);
    const headers = await (await page.goto(`${origin}/`)).allHeaders();
    assert.match(headers['strict-transport-security'], /max-age=31536000/);
    assert.match(headers['content-security-policy'], /'nonce-/);
    assert.equal(headers['x-frame-options'], 'DENY');
    await page.close();
  });

  it('an answer is seen word by word, and in every tab', async () => {
    const chat = await Chat.open(context, origin);
    const other = await Chat.open(context, origin, chat.id);
    await chat.ask('Please hold');
    for (const tab of [chat, other]) await tab.answers.last().getByText('Here', { exact: true }).waitFor();
    provider.release();
    for (const tab of [chat, other]) {
      await tab.answers.last().getByText('Here and more of it').waitFor();
      tab.assertNoProblems();
      await tab.page.close();
    }
  });

  it('programs get answers as they are written', async () => {
    const { stdout } = await runBinary(['token', 'create', 'editor', '--person', 'anna', '--data-dir', server.dataDir]);
    const question = { model: 'default', stream: true, messages: [{ role: 'user', content: 'Please hold' }] };
    const headers = { host: new URL(origin).host, authorization: `Bearer ${stdout.trim()}`, 'content-type': 'application/json' };
    const target = { port: new URL(origin).port, path: '/v1/chat/completions', rejectUnauthorized: false };
    const request = https.request({ ...target, host: '127.0.0.1', servername: NAME, method: 'POST', headers });
    request.end(JSON.stringify(question));
    const [response] = await once(request, 'response');
    let text = '';
    for await (const chunk of response) {
      text += chunk;
      // The rest is written once the beginning is here.
      if (text.includes('"Here"')) provider.release();
    }
    assert.match(text, /" and more of it"[^]*\[DONE\]/);
  });

  it('files of several megabytes arrive', async () => {
    const chat = await Chat.open(context, origin);
    await chat.find('attach-input').setInputFiles({ name: 'large.txt', mimeType: 'text/plain', buffer: Buffer.alloc(9_000_000, 'a') });
    await chat.page.getByRole('button', { name: 'Remove large.txt' }).waitFor();
    chat.assertNoProblems();
    await chat.page.close();
  });

  it('who asks is who the proxy saw, whatever they claim, and nobody is told the figures', async () => {
    const stranger = await browser.newContext({ extraHTTPHeaders: { 'x-forwarded-for': '192.0.2.1' } });
    const guess = await newPage(stranger);
    await guess.goto(`${origin}/sign-in`);
    await guess.getByLabel('Name').fill('anna');
    await guess.getByLabel('Password').fill('not the password');
    await guess.getByTestId('sign-in').click();
    await guess.getByTestId('problem').waitFor();
    // Nothing but the status comes, which is an error to a browser.
    const [figures] = await Promise.all([
      guess.waitForResponse('**/metrics'),
      assert.rejects(guess.goto(`${origin}/metrics`)),
    ]);
    assert.equal(figures.status(), 404);
    await stranger.close();
    const page = await newPage(context);
    await page.goto(`${origin}/account`);
    const log = await page.getByTestId('audit').innerText();
    assert.match(log, /anna: sign-in failed[^]*127\.0\.0\.1/);
    assert.ok(!log.includes('192.0.2.1'), log);
    await page.close();
  });
});
