// Traces, as a collector that nobody here wrote reads them.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startCollector } from './support/collector.mjs';
import { addUser, ask, hostFor, PAGE, signIn } from './support/people.mjs';
import { ScriptedProvider } from './support/scripted.mjs';
import { providerConfig, Server } from './support/server.mjs';
import { Wire } from './support/wire.mjs';

const LIMIT = { timeout: 180_000 };

const config = (endpoint) => `${providerConfig('scripted')}[telemetry]\nendpoint = "${endpoint}"\nservice_name = "house"\n`;

/** Works something out before it answers. */
function answer(_, __, { messages }) {
  if (messages.at(-1).role === 'tool') return 'Stone Town is in Zanzibar.';
  return { calls: 'calculator', input: { expression: '4711 * 2' } };
}

/** A span's attributes as an object. */
const valuesOf = ({ attributes = [] }) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

describe('traces', LIMIT, () => {
  it('of a request and of a turn reach a collector, and nothing of what was said or of who said it', async () => {
    const [collector, provider] = await Promise.all([startCollector(), ScriptedProvider.start(answer)]);
    const server = await Server.start({
      config: config(collector.endpoint),
      env: { ...provider.env, OPENAI_API_KEY: 'sk-Mafia-Island', OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=house' },
    });
    try {
      const password = await addUser(server, 'Zebedee');
      const cookie = await signIn(server, 'Zebedee', password);
      const wire = await Wire.open(hostFor(server, cookie), 'assistant', 'talk');
      await wire.turn(wire.say('Where in Zanzibar is Stone Town?'));
      wire.close();
      assert.equal((await ask(server, '/c/talk?q=Zanzibar', { ...PAGE, cookie })).status, 200);
      // What was not sent yet is sent at the end.
      assert.equal(await server.stop(), 0);
      const spans = await collector.until(['turn', 'model', 'tool', 'GET /c/{id}', 'POST /sign-in']);

      const named = (name) => spans.filter((span) => span.name === name);
      const [page] = named('GET /c/{id}');
      assert.equal(valuesOf(page)['http.route'], '/c/{id}');
      assert.equal(Number(valuesOf(page)['http.response.status_code']), 200);
      const [turn] = named('turn');
      const { agent, instance, outcome } = valuesOf(turn);
      assert.deepEqual({ agent, instance, outcome }, { agent: 'assistant', instance: 'talk', outcome: 'completed' });
      const below = (name) => named(name).filter(({ parentSpanId }) => parentSpanId === turn.spanId);
      assert.equal(below('model').length, 2, 'before the tool and after it');
      assert.deepEqual(below('tool').map((span) => valuesOf(span).tool), ['calculator']);
      for (const { traceId, startTimeUnixNano, endTimeUnixNano } of [turn, ...below('model'), ...below('tool')]) {
        assert.equal(traceId, turn.traceId);
        assert.ok(BigInt(startTimeUnixNano) < BigInt(endTimeUnixNano));
      }

      const told = Buffer.concat(collector.requests.map(({ body }) => Buffer.from(body, 'hex')));
      assert.ok(told.includes('calculator') && told.includes('house'), 'names are readable in what is sent');
      for (const secret of ['Zanzibar', 'Stone Town', '4711', '9422', 'Mafia', 'Zebedee', password, cookie.split('=')[1]]) {
        assert.ok(!told.includes(secret), secret);
      }
      for (const { path, headers, export: { resourceSpans } } of collector.requests) {
        assert.equal(path, '/v1/traces');
        assert.equal(headers['x-tenant'], 'house');
        assert.equal(headers['content-type'], 'application/x-protobuf');
        for (const { resource } of resourceSpans) assert.equal(valuesOf(resource)['service.name'], 'house');
      }
    } finally {
      await server.dispose();
      provider.stop();
      await collector.stop();
    }
  });

  it('cost nothing but a line in the log where nobody collects them', async () => {
    const provider = await ScriptedProvider.start((text) => `Heard: ${text}`);
    // Port 9 of this machine: nobody listens there.
    const server = await Server.start({ config: config('http://127.0.0.1:9'), env: provider.env });
    try {
      const wire = await Wire.open(hostFor(server), 'assistant');
      const { error } = await wire.turn(wire.say('Hello'));
      assert.equal(error, undefined);
      wire.close();
      assert.equal(await server.stop(), 0);
      assert.match(server.output, /(WARN|ERROR)[^\n]*(trace|span|export)/i);
    } finally {
      await server.dispose();
      provider.stop();
    }
  });
});
