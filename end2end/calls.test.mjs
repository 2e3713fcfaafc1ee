// Calls of `AgentClient` down to the frame: what is on the wire, in which order, and what is not.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { streamed } from './support/clients.mjs';
import { useHost } from './support/suite.mjs';

const LIMIT = { timeout: 60_000 };

describe('calls of the npm client', () => {
  const { clients } = useHost();

  /** Makes a call and returns all its frames, up to the last. */
  async function frames(client, method, args = []) {
    const before = client.frames.length;
    await client.call(method, args).catch(() => {});
    // Whatever else that call had to say is in front of this answer.
    await client.call('add', [0, 0]);
    const answers = client.frames.slice(before).filter(({ type }) => type === 'rpc');
    const { id } = answers[0];
    assert.notEqual(answers.pop().id, id);
    return answers.map(({ type, id: of, ...rest }) => {
      assert.equal(of, id);
      return rest;
    });
  }

  const done = (result) => ({ success: true, result, done: true });
  const item = (result) => ({ success: true, result, done: false });
  const failed = (error) => ({ success: false, error });

  it('has one frame for a result, without `result` where there is none', LIMIT, async () => {
    const client = await clients.connect('TestCallableAgent');
    for (const [method, args, frame] of [
      ['add', [2, 3], done(5)],
      ['add', [0.5, 0.25], done(0.75)],
      ['asyncMethod', [1], done('done')],
      ['returnNull', [], done(null)],
      ['voidMethod', [], { success: true, done: true }],
      ['returnUndefined', [], { success: true, done: true }],
    ]) {
      assert.deepEqual(await frames(client, method, args), [frame], method);
    }
  });

  it('has one frame for an error, with exactly its text', LIMIT, async () => {
    const client = await clients.connect('TestCallableAgent');
    for (const [method, args, error] of [
      ['throwError', ['ünexpected "quote"\n'], 'ünexpected "quote"\n'],
      ['throwError', [''], ''],
      ['delayedThrow', [1], 'delayed failure'],
      ['privateMethod', [], 'Method privateMethod is not callable'],
      ['noSuchMethod', [], 'Method noSuchMethod does not exist'],
      ['toString', [], 'Method toString does not exist'],
      ['', [], 'Method  does not exist'],
    ]) {
      assert.deepEqual(await frames(client, method, args), [failed(error)], method);
    }
  });

  it('has nothing after the end of a stream', LIMIT, async () => {
    const client = await clients.connect('TestCallableAgent');
    for (const [method, args, expected] of [
      ['streamNumbers', [2], [item(0), item(1), done(2)]],
      ['streamNumbers', [0], [done(0)]],
      ['streamWithDelay', [[], 1], [done('complete')]],
      ['streamError', [], [item('chunk1'), failed('Stream failed')]],
      ['streamGracefulError', [], [item('chunk1'), failed('Graceful error')]],
      ['streamDoubleClose', [], [item('chunk1'), failed('First close')]],
      ['streamThrowsImmediately', [], [failed('Immediate failure')]],
    ]) {
      assert.deepEqual(await frames(client, method, args), expected, method);
    }
  });

  it('settles the promise of a streaming call as its stream ended', LIMIT, async () => {
    const client = await clients.connect('TestCallableAgent');
    const stream = {};
    assert.equal(await client.call('streamNumbers', [3], { stream }), 3);
    await assert.rejects(client.call('streamError', [], { stream }), { message: 'Stream failed' });
    // Without a handler the pieces are lost; the end is still the result.
    assert.equal(await client.call('streamNumbers', [3]), 3);
  });

  it('keeps many pieces in order', LIMIT, async () => {
    const client = await clients.connect('TestCallableAgent');
    const { chunks, end } = await streamed(client, 'streamNumbers', [5_000]);
    assert.equal(end, 5_000);
    assert.deepEqual(chunks, Array.from({ length: 5_000 }, (_, at) => at));
  });

  it('answers calls as they finish, and streams side by side', LIMIT, async () => {
    const client = await clients.connect('TestCallableAgent');
    const order = [];
    const noted = (name) => order.push(name);
    const hanging = client.call('hang', [], { timeout: 400 });
    const rejected = assert.rejects(hanging, { message: 'RPC call to hang timed out after 400ms' });
    await Promise.all([
      client.call('asyncMethod', [200]).then(() => noted('slow')),
      client.call('asyncMethod', [1]).then(() => noted('quick')),
    ]);
    assert.deepEqual(order, ['quick', 'slow']);
    const letters = [['a', 'b', 'c'], 30];
    const both = await Promise.all([
      streamed(client, 'streamWithDelay', letters),
      streamed(client, 'streamWithDelay', letters),
    ]);
    for (const { chunks, end } of both) {
      assert.deepEqual(chunks, letters[0]);
      assert.equal(end, 'complete');
    }
    const streams = client.frames.filter(({ done }) => done === false).map(({ id }) => id);
    assert.notEqual(streams.lastIndexOf(streams[0]), 2, 'the second waited for the first to end');
    await rejected;
  });

  it('answers only the connection that called', LIMIT, async () => {
    const name = randomUUID();
    const caller = await clients.connect('TestCallableAgent', { name });
    const other = await clients.connect('TestCallableAgent', { name });
    assert.equal((await streamed(caller, 'streamNumbers', [3])).end, 3);
    assert.equal(await other.call('add', [1, 2]), 3);
    assert.equal(other.frames.filter(({ type }) => type === 'rpc').length, 1);
  });

  it('calls through the stub', LIMIT, async () => {
    const client = await clients.connect('TestCallableAgent');
    assert.equal(await client.stub.add(20, 22), 42);
    assert.equal(await client.stub.voidMethod(), undefined);
    await assert.rejects(client.stub.throwError('by stub'), { message: 'by stub' });
  });

  it('refuses arguments that do not fit, and goes on', LIMIT, async () => {
    const client = await clients.connect('TestCallableAgent');
    await assert.rejects(client.call('add', ['two', 3]), /argument `a`/);
    await assert.rejects(client.call('add', [2]), /argument `b`/);
    assert.equal(await client.call('add', [1, 2]), 3);
  });
});
