// A provider that wants to delete a file, for the example `approvals`: its tool needs a person.

import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import path from 'node:path';
import { after, before } from 'node:test';
import { launch } from './browser.mjs';
import { binary, providerConfig, Server } from './server.mjs';

/** The call that a question asks for: "Delete ..." a file, or "Call NAME ARGUMENTS". */
function callFor(question) {
  if (/Delete/.test(question)) return { name: 'delete_file', arguments: JSON.stringify({ path: 'a.txt' }) };
  const [, name, given] = /Call (\w+) (\{.*\})/.exec(question) ?? [];
  return name && { name, arguments: given };
}

/** Calls a tool when it is asked to, repeats what it was told of that, and anything else it is told. */
async function startProvider() {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const last = JSON.parse(body).messages.at(-1);
    let [delta, finish_reason] = [{ content: `You said: ${JSON.stringify(last.content)}` }, 'stop'];
    const call = callFor(typeof last.content === 'string' ? last.content : JSON.stringify(last.content));
    if (last.role === 'tool') delta = { content: `I was told: ${last.content}` };
    else if (call) {
      finish_reason = 'tool_calls';
      delta = { tool_calls: [{ index: 0, id: randomUUID(), type: 'function', function: call }] };
    }
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

/** The example with this provider, and a browser, for all tests of a suite. */
export function useApprovals() {
  const suite = {};
  let provider;
  before(async () => {
    [suite.browser, provider] = await Promise.all([launch(), startProvider()]);
    suite.server = await Server.start({
      program: path.join(path.dirname(binary), 'approvals'),
      config: providerConfig('scripted'),
      env: { OPENAI_BASE_URL: `http://127.0.0.1:${provider.address().port}/v1`, OPENAI_API_KEY: 'x' },
    });
  });
  after(async () => {
    await suite.browser?.close();
    await suite.server?.dispose();
    provider?.close();
  });
  return suite;
}
