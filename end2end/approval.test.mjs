// A tool that needs a person: asked on the page, answered there, and the answer goes on.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { launch } from './support/browser.mjs';
import { Chat, history } from './support/chat.mjs';
import { binary, providerConfig, Server } from './support/server.mjs';

const LIMIT = { timeout: 60_000 };

/** A provider that calls `delete_file` once, and then repeats what it was told of that. */
async function startProvider() {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const last = JSON.parse(body).messages.at(-1);
    const [delta, finish_reason] =
      last.role === 'tool'
        ? [{ content: `I was told: ${last.content}` }, 'stop']
        : [{ tool_calls: [{
            index: 0, id: `call-${Date.now()}`, type: 'function',
            function: { name: 'delete_file', arguments: JSON.stringify({ path: 'a.txt' }) },
          }] }, 'tool_calls'];
    const chunk = {
      id: 'x', object: 'chat.completion.chunk', created: 0, model: 'scripted',
      choices: [{ index: 0, delta, finish_reason }],
    };
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

describe('a tool that a person must approve', () => {
  let browser;
  let provider;
  let server;

  before(async () => {
    [browser, provider] = await Promise.all([launch(), startProvider()]);
    server = await Server.start({
      program: path.join(path.dirname(binary), 'approvals'),
      config: providerConfig('scripted'),
      env: { OPENAI_BASE_URL: `http://127.0.0.1:${provider.address().port}/v1`, OPENAI_API_KEY: 'x' },
    });
  });
  after(async () => {
    await browser?.close();
    await server?.dispose();
    provider?.close();
  });

  async function ask() {
    const chat = await Chat.open(browser, server.origin);
    await chat.ask('Delete that file, please.');
    await chat.find('approval').waitFor();
    return chat;
  }

  /** Waits until the page shows this text in the answer. */
  async function says(chat, text) {
    await chat.answers.last().getByText(text).waitFor();
    assert.equal(await chat.find('approval').count(), 0);
  }

  it('runs when it is approved', LIMIT, async () => {
    const chat = await ask();
    await chat.find('approve').click();
    await says(chat, 'I was told: a.txt would be gone now');
    await chat.page.close();
  });

  it('waits through a reload and a restart of the server', LIMIT, async () => {
    const chat = await ask();
    await server.kill();
    await server.start();
    await chat.page.reload();
    await chat.find('approval').waitFor();
    const arguments_ = chat.find('approval-arguments');
    await arguments_.fill('{ no JSON');
    await chat.find('approve').click();
    await chat.find('approval').getByRole('alert').waitFor();
    await arguments_.fill('{"path": "b.txt"}');
    await chat.find('approve').click();
    await says(chat, 'I was told: b.txt would be gone now');
    await chat.page.close();
  });

  it('does not run when it is rejected, and the model learns why', LIMIT, async () => {
    const chat = await ask();
    await chat.find('approval-reason').fill('I need it');
    await chat.find('reject').click();
    await says(chat, 'I was told: The person rejected this call: I need it');
    const [, answer] = await history(server.origin, chat.id);
    const part = answer.parts.find(({ type }) => type === 'tool-delete_file');
    assert.equal(part.state, 'output-denied');
    assert.equal(part.approval.reason, 'I need it');
    await chat.page.close();
  });
});
