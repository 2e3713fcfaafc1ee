// `agentFetch`: an instance answers plain HTTP, whatever its name.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { agentFetch } from 'agents/client';
import { receivedState } from './support/clients.mjs';
import { useHost } from './support/suite.mjs';

const LIMIT = { timeout: 60_000 };

describe('agentFetch', () => {
  const { host, clients } = useHost();

  const ask = (name, path, init) => clients.fetch('TestStateAgent', name, path, init);

  it('reads and writes', LIMIT, async () => {
    const name = randomUUID();
    const state = await ask(name, 'state');
    assert.equal(state.status, 200);
    assert.match(state.headers.get('content-type'), /^application\/json/);
    assert.deepEqual(await state.json(), { state: { count: 0, items: [], lastUpdated: null } });
    for (const [method, body] of [['GET'], ['POST', 'hello, wörld'], ['PUT', ''], ['DELETE'], ['PATCH', 'x']]) {
      const echo = await ask(name, 'echo', { method, body });
      assert.equal(echo.status, 200, method);
      assert.deepEqual(await echo.json(), {
        method,
        body: body ?? '',
        path: `/agents/test-state-agent/${name}/echo`,
      });
    }
  });

  it('answers HEAD without a body', LIMIT, async () => {
    const head = await ask(randomUUID(), 'echo', { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(await head.text(), '');
  });

  it('takes a body that is sent piece by piece, and gives one to be read so', LIMIT, async () => {
    const pieces = Array.from({ length: 64 }, (_, at) => `${at} `.padEnd(4_096, '-'));
    async function* slowly() {
      for (const piece of pieces) yield new TextEncoder().encode(piece);
    }
    const body = ReadableStream.from(slowly());
    const response = await ask(randomUUID(), 'echo', { method: 'POST', body, duplex: 'half' });
    const decoder = new TextDecoder();
    let text = '';
    let reads = 0;
    for await (const bytes of response.body) {
      text += decoder.decode(bytes, { stream: true });
      reads += 1;
    }
    assert.equal(JSON.parse(text).body, pieces.join(''));
    assert.ok(reads > 1, 'the body came in pieces');
  });

  it('does not take a query for a part of the path', LIMIT, async () => {
    const name = randomUUID();
    const address = { host: host.address, agent: 'TestStateAgent', name, path: 'echo' };
    const response = await agentFetch({ ...address, query: { a: '1', b: 'x/y z?' } });
    assert.equal((await response.json()).path, `/agents/test-state-agent/${name}/echo`);
  });

  it('is told what there is not', LIMIT, async () => {
    const name = randomUUID();
    assert.equal((await ask(name, 'no/such/path')).status, 404);
    assert.equal((await ask(name, undefined)).status, 404, 'nothing at the instance itself');
    // An agent without `on_request` of its own.
    assert.equal((await clients.fetch('CounterAgent', name, 'state')).status, 404);
    const unknown = await clients.fetch('NoSuchAgent', name, 'state');
    assert.equal(unknown.status, 400);
    assert.match((await unknown.json()).error.message, /no-such-agent/);
    assert.equal((await fetch(`http://${host.address}/agents/test-state-agent`)).status, 404);
  });

  it('takes the default name where none is given', LIMIT, async () => {
    const client = await clients.connect('TestStateAgent', { name: '' });
    assert.equal(client.name, 'default');
    await clients.connections('default', 1);
  });

  for (const [what, name, wire = name] of [
    ['spaces and letters', 'Grüße aus dem Haus'],
    ['an emoji', '🏚️ домовой'],
    ['marks with a meaning of their own', "a+b&c=d;e,f@g:h!i$j'k(l)*~"],
    ['a slash', 'a/b', 'a%2Fb'],
    ['a question mark, a hash and a percent sign', 'why?#100%', 'why%3F%23100%25'],
    ['dots', '..a..b'],
  ]) {
    it(`reaches the same instance as a WebSocket: ${what}`, LIMIT, async () => {
      const client = await clients.connect('TestStateAgent', { name: wire });
      assert.equal(client.frames[0].name, name);
      client.setState({ count: 1, items: [name], lastUpdated: null });
      const other = await clients.connect('TestStateAgent', { name: wire });
      await receivedState(other, ({ items }) => items[0] === name);
      for (const spelled of [wire, encodeURIComponent(name)]) {
        const { state } = await (await ask(spelled, 'state')).json();
        assert.deepEqual(state.items, [name], spelled);
      }
    });
  }

  it('tells apart names that differ by a slash or by case', LIMIT, async () => {
    for (const name of ['A', 'a', 'a%2Fb%2Fc', 'a%2Fb%2FC']) {
      const client = await clients.connect('TestStateAgent', { name });
      assert.equal(client.state.count, 0, name);
      client.setState({ count: 1, items: [], lastUpdated: null });
      const other = await clients.connect('TestStateAgent', { name });
      await receivedState(other, ({ count }) => count === 1);
    }
  });
});
