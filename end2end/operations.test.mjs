// What whoever runs the server relies on: health, figures, headers, size, speed, and what is in the log.

import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';
import { hydrated } from './support/browser.mjs';
import { Chat, SHORT_QUESTION } from './support/chat.mjs';
import { ScriptedProvider } from './support/scripted.mjs';
import { binary, embeddedConfig, providerConfig, Server } from './support/server.mjs';
import { useServerAndBrowser } from './support/suite.mjs';
import { Wire } from './support/wire.mjs';

const DONE = ({ type, done }) => type === 'cf_agent_use_chat_response' && done;

const hostOf = (server) => ({ address: `127.0.0.1:${server.port}` });

/** A request with headers that `fetch` does not let a test choose. */
function get(server, path, headers = {}) {
  return new Promise((resolve, reject) => {
    const request = http.get({ port: server.port, host: '127.0.0.1', path, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response));
    });
    request.on('error', reject);
  });
}

describe('health and figures', () => {
  let server;

  before(async () => {
    server = await Server.start();
  });
  after(() => server?.dispose());

  it('says that it is up, and that it is ready', async () => {
    const up = await fetch(`${server.origin}/healthz`);
    assert.equal(up.status, 200);
    assert.equal((await up.json()).status, 'ok');
    const ready = await fetch(`${server.origin}/readyz`);
    assert.equal(ready.status, 200);
    const { status, model } = await ready.json();
    assert.equal(status, 'ready');
    assert.match(model, /^(loading|ready)$/);
  });

  it('counts requests, turns and tokens, and names nobody', async () => {
    const name = 'a-name-of-somebody';
    const wire = await Wire.open(hostOf(server), 'assistant', name);
    wire.say(SHORT_QUESTION);
    await wire.until(DONE);
    await fetch(`${server.origin}/c/${name}`);
    await fetch(`${server.origin}/no-such-page/${name}`);

    const answer = await fetch(`${server.origin}/metrics`);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type'), /^application\/openmetrics-text/);
    const text = await answer.text();
    assert.ok(text.endsWith('# EOF\n'));
    const value = (series) => {
      const line = text.split('\n').find((line) => line.startsWith(`${series} `));
      assert.ok(line, `${series} in\n${text}`);
      return Number(line.slice(series.length + 1));
    };
    assert.equal(value('domovoi_open_websockets'), 1);
    assert.ok(value('domovoi_awake_instances') >= 1);
    assert.equal(value('domovoi_chat_turns_total{outcome="completed"}'), 1);
    assert.equal(value('domovoi_chat_turns_total{outcome="failed"}'), 0);
    assert.ok(value('domovoi_model_requests_total{route="default",outcome="answered"}') >= 1);
    const tokens = (kind) =>
      value(`domovoi_model_tokens_total{route="default",outcome="answered",kind="${kind}"}`);
    assert.ok(tokens('input') > 0 && tokens('output') > 0);
    const requests = (route, status) =>
      value(
        `domovoi_http_request_duration_seconds_count{method="GET",route="${route}",status="${status}"}`,
      );
    assert.equal(requests('/healthz', 200), 1);
    assert.equal(requests('/c/{id}', 200), 1);
    assert.equal(requests('none', 404), 1);
    assert.ok(!text.includes(name), text);
  });

  it('tells the figures to programs on this machine only', async () => {
    assert.equal((await get(server, '/metrics')).statusCode, 200);
    const proxied = await get(server, '/metrics', { 'x-forwarded-for': '192.0.2.1' });
    assert.equal(proxied.statusCode, 404);
  });

  it('tells them to others where that is wanted, and to nobody where that is', async () => {
    for (const [access, status] of [['anyone', 200], ['nobody', 404]]) {
      const config = `${embeddedConfig()}\n[metrics]\naccess = "${access}"\n`;
      const other = await Server.start({ config });
      const answer = await get(other, '/metrics', { 'x-forwarded-for': '192.0.2.1' });
      assert.equal(answer.statusCode, status);
      await other.dispose();
    }
  });
});

describe('security headers', () => {
  const suite = useServerAndBrowser();

  it('are on every answer', async () => {
    const page = await (await fetch(suite.server.origin)).text();
    const [script] = /\/assets\/[^"']+\.js/.exec(page);
    const answers = [
      ...(await Promise.all(
        ['/', '/c/x', '/no-such-page', '/healthz', '/metrics', script, '/assets/none', '/agents/none/x'].map(
          async (path) => [path, await get(suite.server, path)],
        ),
      )),
      ['a foreign host', await get(suite.server, '/', { host: 'evil.example' })],
    ];
    for (const [what, { headers }] of answers) {
      const policy = headers['content-security-policy'];
      assert.match(policy, /frame-ancestors 'none'/, what);
      const scripts = /script-src ([^;]*)/.exec(policy)?.[1] ?? /default-src ([^;]*)/.exec(policy)[1];
      assert.doesNotMatch(scripts, /'unsafe-(inline|eval)'|\*|https?:/, what);
      assert.equal(headers['x-content-type-options'], 'nosniff', what);
      assert.equal(headers['x-frame-options'], 'DENY', what);
      assert.equal(headers['referrer-policy'], 'same-origin', what);
      assert.match(headers['permissions-policy'], /camera=\(\)/, what);
      assert.equal(headers['cross-origin-opener-policy'], 'same-origin', what);
      assert.equal(headers['set-cookie'], undefined, what);
    }
  });

  it('have a nonce of their own for each page', async () => {
    const nonce = async () =>
      /'nonce-([^']+)'/.exec((await get(suite.server, '/')).headers['content-security-policy'])[1];
    assert.notEqual(await nonce(), await nonce());
  });

  it('let the page work and nothing else run', async () => {
    const context = await suite.browser.newContext();
    await context.addInitScript(() => {
      globalThis.violations = [];
      document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) =>
        globalThis.violations.push(effectiveDirective),
      );
    });
    const chat = await Chat.open(context, suite.server.origin);
    await chat.ask(SHORT_QUESTION);
    assert.equal(await chat.ended(), 'done');
    await chat.page.reload();
    await hydrated(chat.page);
    const violations = () => chat.page.evaluate(() => globalThis.violations);
    assert.deepEqual(await violations(), []);
    assert.deepEqual(chat.page.problems, []);

    await chat.page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'globalThis.injected = "script"';
      document.body.append(script);
      // What an agent answers has this origin too.
      const own = document.createElement('script');
      own.src = '/agents/counter/x/script.js';
      document.body.append(own);
      const box = document.createElement('div');
      box.innerHTML = '<button onclick="globalThis.injected = \'handler\'">x</button>';
      document.body.append(box);
      box.firstChild.click();
    });
    await chat.page.waitForFunction(() => globalThis.violations.length >= 3);
    assert.deepEqual((await violations()).toSorted(), ['script-src-attr', 'script-src-elem', 'script-src-elem']);
    assert.equal(await chat.page.evaluate(() => globalThis.injected), undefined);
    await context.close();
  });
});

describe('what it takes', () => {
  it('is a program of less than 60 MB', async () => {
    assert.ok((await stat(binary)).size < 60e6);
  });

  it('is 300 ms from the start in an empty folder to the first page, and 60 MB of memory', async () => {
    let quickest = Infinity;
    for (let round = 0; round < 5; round += 1) {
      const began = performance.now();
      const server = await Server.start({ config: providerConfig(), env: { OPENAI_BASE_URL: 'http://127.0.0.1:9/v1', OPENAI_API_KEY: 'x' } });
      try {
        const page = await fetch(server.origin);
        assert.match(await page.text(), /<html[^]*data-testid="composer-input"[^]*<\/html>/);
        quickest = Math.min(quickest, performance.now() - began);
        const [, resident] = /VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${server.pid}/status`, 'utf8'));
        assert.ok(Number(resident) * 1024 < 60e6, `${resident} kB`);
      } finally {
        await server.dispose();
      }
    }
    // The machine may be busy with something else, but not five times.
    assert.ok(quickest < 300, `${quickest} ms`);
  });
});

describe('the log', () => {
  it('is text or JSON, and has nothing of what was said in it', async () => {
    const provider = await ScriptedProvider.start((text) => (/Fail/.test(text) ? { fails: 'Zanzibar is down' } : 'Stone Town is in Zanzibar.'));
    try {
      for (const format of ['text', 'json']) {
        const config = `[log]\nformat = "${format}"\n${providerConfig('scripted')}`;
        const server = await Server.start({ config, env: { ...provider.env, OPENAI_API_KEY: 'sk-Mafia-Island' } });
        const wire = await Wire.open(hostOf(server), 'assistant', 'Pemba');
        for (const text of ['Where is Zanzibar?', 'Fail in Zanzibar.']) {
          wire.say(text);
          await wire.until(DONE);
        }
        wire.close();
        await fetch(`${server.origin}/c/x?q=Zanzibar`);
        assert.equal(await server.stop(), 0);
        const lines = server.output.split('\n').filter((line) => /stopped|serving|turn failed/.test(line));
        assert.ok(lines.length >= 3, server.output);
        for (const line of lines) {
          if (format === 'json') assert.match(JSON.parse(line).level, /^(INFO|WARN|ERROR)$/);
          else assert.match(line, / (INFO|WARN|ERROR) /);
        }
        assert.doesNotMatch(server.output, /Zanzibar|Stone Town|Mafia/);
        await server.dispose();
      }
    } finally {
      provider.stop();
    }
  });
});
