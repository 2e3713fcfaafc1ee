// Another model than the embedded one: a server that speaks OpenAI's API and that we did not
// write, and the ways such a server can fail.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { launch } from './support/browser.mjs';
import { Chat, history, SHORT_QUESTION, textOf } from './support/chat.mjs';
import { startPeer } from './support/peer.mjs';
import { providerConfig, Server } from './support/server.mjs';

describe('an OpenAI-compatible provider', () => {
  let browser;

  before(async () => {
    browser = await launch();
  });
  after(() => browser?.close());

  async function withServer(url, work) {
    const server = await Server.start({
      config: providerConfig(),
      env: { OPENAI_BASE_URL: url, OPENAI_API_KEY: 'x' },
    });
    try {
      const chat = await Chat.open(browser, server.origin);
      await work(chat, server);
      await chat.page.close();
    } finally {
      await server.dispose();
    }
  }

  it('answers in the embedded model\'s place', async () => {
    const peer = await startPeer();
    try {
      await withServer(peer.url, async (chat, server) => {
        assert.match(await chat.find('model-name').first().textContent(), /local/);
        await chat.ask(SHORT_QUESTION);
        assert.equal(await chat.ended(), 'done');
        const messages = await history(server.origin, chat.id);
        assert.ok(textOf(messages[1]).length > 0);
      });
    } finally {
      await peer.stop();
    }
  });

  it('that cannot be reached is a message a person understands', async () => {
    // Port 9 of this machine: nobody listens there.
    await withServer('http://127.0.0.1:9/v1', async (chat, server) => {
      await chat.ask(SHORT_QUESTION);
      await chat.find('error').first().waitFor({ timeout: 60_000 });
      assert.match(await chat.find('error').first().textContent(), /127\.0\.0\.1:9/);
      assert.ok(await chat.find('retry').first().isVisible());
      assert.equal((await fetch(`${server.origin}/healthz`)).status, 200);
    });
  });

  it('that refuses the key is a message that names the key', async () => {
    const refusing = createServer((request, response) => {
      response.writeHead(401, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          error: { message: 'Incorrect API key provided', type: 'invalid_request_error', code: 'invalid_api_key' },
        }),
      );
    });
    await new Promise((resolve) => refusing.listen(0, '127.0.0.1', resolve));
    try {
      await withServer(`http://127.0.0.1:${refusing.address().port}/v1`, async (chat) => {
        await chat.ask(SHORT_QUESTION);
        await chat.find('error').first().waitFor({ timeout: 60_000 });
        assert.match(await chat.find('error').first().textContent(), /key/i);
      });
    } finally {
      refusing.close();
      refusing.closeAllConnections();
    }
  });
});
