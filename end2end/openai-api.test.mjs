// Other programs use the models here: the `openai` package, and what it may not do.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, describe, it } from 'node:test';
import OpenAI from 'openai';
import { providerConfig, runBinary, Server } from './support/server.mjs';

const LIMIT = { timeout: 180_000 };

/** A token of the command line, which works beside a running server. */
async function token(server, ...args) {
  const { code, stdout, stderr } = await runBinary(['token', ...args, '--data-dir', server.dataDir]);
  assert.equal(code, 0, stderr);
  return stdout.trim();
}

function clientOf(server, apiKey) {
  return new OpenAI({ baseURL: `${server.origin}/v1`, apiKey, maxRetries: 0 });
}

describe('the API with the embedded model', LIMIT, () => {
  let server;
  let openai;

  before(async () => {
    server = await Server.start();
    openai = clientOf(server, await token(server, 'create', 'test'));
  });
  after(() => server?.dispose());

  it('lists its models', async () => {
    const { data } = await openai.models.list();
    assert.ok(data.some(({ id }) => id === 'default'), JSON.stringify(data));
  });

  it('answers, whole and as a stream', async () => {
    const question = {
      model: 'default',
      messages: [{ role: 'user', content: 'What is the capital of France?' }],
      max_tokens: 24,
      temperature: 0,
    };
    // The model may still be loading.
    const ask = async () => {
      for (;;) {
        try {
          return await openai.chat.completions.create(question);
        } catch (error) {
          if (error.status !== 503 || !/loading/.test(error.message)) throw error;
        }
      }
    };
    const whole = await ask();
    assert.match(whole.choices[0].message.content, /Paris/);
    assert.ok(whole.usage.completion_tokens > 0);
    let text = '';
    let usage;
    const stream = await openai.chat.completions.create({
      ...question,
      stream: true,
      stream_options: { include_usage: true },
    });
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage ?? usage;
    }
    assert.match(text, /Paris/);
    assert.ok(usage.total_tokens > 0);
  });

  it('answers nobody without a good token', async () => {
    const refused = (error) => error.status === 401 && error.code === 'invalid_api_key';
    for (const key of ['none', 'dmv_wrong', '']) {
      await assert.rejects(clientOf(server, key || ' ').models.list(), refused);
    }
    const bare = await fetch(`${server.origin}/v1/models`);
    assert.equal(bare.status, 401);
    assert.equal(bare.headers.get('access-control-allow-origin'), null);
    const key = await token(server, 'create', 'short-lived');
    await clientOf(server, key).models.list();
    assert.match(await token(server, 'list'), /short-lived/);
    await token(server, 'revoke', 'short-lived');
    await assert.rejects(clientOf(server, key).models.list(), refused);
  });

  it('says what is wrong with a question', async () => {
    const ask = (fields) => openai.chat.completions.create({ model: 'default', messages: [], ...fields });
    await assert.rejects(ask({}), ({ status, param }) => status === 400 && param === 'messages');
    const hello = [{ role: 'user', content: 'x' }];
    await assert.rejects(ask({ model: 'none', messages: hello }), ({ status, code }) => status === 404 && code === 'model_not_found');
    await assert.rejects(ask({ messages: [{ role: 'robot', content: 'x' }] }), ({ param }) => param === 'messages[0]');
  });
});

describe('the API before a provider', LIMIT, () => {
  let provider;
  let server;
  let openai;
  let hungUp;

  before(async () => {
    // Calls a tool, or writes until nobody listens.
    provider = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const { tools } = JSON.parse(body);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const send = (delta, finish_reason = null) =>
        response.write(`data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 0, model: 'm', choices: [{ index: 0, delta, finish_reason }] })}\n\n`);
      if (tools) {
        send({ tool_calls: [{ index: 0, id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city":' } }] });
        send({ tool_calls: [{ index: 0, function: { arguments: '"Oslo"}' } }] });
        send({}, 'tool_calls');
        return response.end('data: [DONE]\n\n');
      }
      const timer = setInterval(() => send({ content: 'word ' }), 20);
      response.on('close', () => {
        clearInterval(timer);
        hungUp?.();
      });
    });
    await new Promise((resolve) => provider.listen(0, '127.0.0.1', resolve));
    server = await Server.start({
      config: providerConfig('scripted'),
      env: { OPENAI_BASE_URL: `http://127.0.0.1:${provider.address().port}/v1`, OPENAI_API_KEY: 'x' },
    });
    openai = clientOf(server, await token(server, 'create', 'test'));
  });
  after(async () => {
    await server?.dispose();
    provider?.close();
    provider?.closeAllConnections();
  });

  it('passes tools on, and their calls back', async () => {
    const question = {
      model: 'default',
      messages: [{ role: 'user', content: 'What is the weather in Oslo?' }],
      tools: [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } } }],
    };
    const { choices } = await openai.chat.completions.create(question);
    assert.equal(choices[0].finish_reason, 'tool_calls');
    assert.deepEqual(JSON.parse(choices[0].message.tool_calls[0].function.arguments), { city: 'Oslo' });
    const runner = openai.chat.completions.stream(question);
    const [call] = (await runner.finalMessage()).tool_calls;
    assert.deepEqual([call.function.name, JSON.parse(call.function.arguments)], ['weather', { city: 'Oslo' }]);
  });

  it('stops the model when a program hangs up', async () => {
    const stopped = new Promise((resolve) => (hungUp = resolve));
    const stream = await openai.chat.completions.create({
      model: 'default',
      messages: [{ role: 'user', content: 'Go on for ever.' }],
      stream: true,
    });
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content) break;
    }
    stream.controller.abort();
    await stopped;
  });
});
