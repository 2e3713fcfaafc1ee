// Schedules: what is due happens, once, whatever happens to the process meanwhile.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { Clients, cut, receivedState } from './support/clients.mjs';
import { Host } from './support/host.mjs';
import { useHost } from './support/suite.mjs';

const LIMIT = { timeout: 60_000 };

// Times are seconds, to the millisecond.

/** Unix seconds now. */
const now = () => Date.now() / 1_000;

/** Waits until a schedule is due. */
const due = ({ time }) => new Promise((resolve) => setTimeout(resolve, (time - now()) * 1_000 + 50));

const fired = (client, times) => receivedState(client, (state) => state.fired === times);

/** Waits until so many schedules are left: a run is over a moment after what it did is seen. */
const left = async (client, count) => {
  while ((await client.call('list')).length > count);
};

const byId = (a, b) => (a.id < b.id ? -1 : 1);

describe('schedules', { concurrency: true }, () => {
  const { clients } = useHost();

  const connect = () => clients.connect('SchedulerAgent');

  it('are told, and done when they are due', LIMIT, async () => {
    const client = await connect();
    const payload = { text: 'water the plants', at: [1, 2] };
    const before = now();
    const schedule = await client.call('remind', [2, payload]);
    const { id, callback, time, ...rest } = schedule;
    assert.deepEqual(rest, { payload, type: 'delayed', delayInSeconds: 2 });
    assert.ok(typeof id === 'string' && id.length > 0);
    assert.ok(typeof callback === 'string' && callback.length > 0);
    assert.ok(time >= before + 2 && time <= now() + 3, `${time}`);
    assert.deepEqual(await client.call('list'), [schedule]);
    assert.deepEqual((await fired(client, 1)).last, payload);
    assert.ok(now() >= time, 'not before its time');
    await left(client, 0);
  });

  it('are done in the order in which they are due', LIMIT, async () => {
    const client = await connect();
    await client.call('remind', [3, 'second']);
    await client.call('remind', [1, 'first']);
    assert.equal((await fired(client, 1)).last, 'first');
    assert.equal((await fired(client, 2)).last, 'second');
  });

  it('are not done once they are cancelled', LIMIT, async () => {
    const client = await connect();
    const { id } = await client.call('remind', [2, 'cancelled']);
    const kept = await client.call('remind', [3, 'kept']);
    assert.equal(await client.call('cancel', [id]), true);
    assert.deepEqual(await client.call('list'), [kept]);
    assert.equal(await client.call('cancel', [id]), false, 'it is gone');
    assert.equal(await client.call('cancel', ['no such schedule']), false);
    assert.equal((await fired(client, 1)).last, 'kept');
    await left(client, 0);
    assert.equal(await client.call('cancel', [kept.id]), false, 'it has happened');
  });

  it('have the next time of a cron expression', LIMIT, async () => {
    const client = await connect();
    const before = now();
    const schedule = await client.call('cron', ['*/5 * * * *', { n: 1 }]);
    const { id, callback, time, ...rest } = schedule;
    assert.deepEqual(rest, { payload: { n: 1 }, type: 'cron', cron: '*/5 * * * *' });
    assert.equal(time % 300, 0);
    assert.ok(time > before && time <= now() + 300, `${time}`);
    assert.deepEqual(await client.call('list'), [schedule]);
    assert.equal(await client.call('cancel', [id]), true);
    await assert.rejects(client.call('cron', ['every now and then', null]));
    assert.deepEqual(await client.call('list'), []);
  });

  it('belong to their instance', LIMIT, async () => {
    const [one, two] = await Promise.all([connect(), connect()]);
    const schedule = await one.call('remind', [1, 'mine']);
    assert.deepEqual(await two.call('list'), []);
    assert.equal(await two.call('cancel', [schedule.id]), false);
    await fired(one, 1);
    assert.equal(two.state.fired, 0);
  });
});

describe('schedules and `kill -9`', { concurrency: true }, () => {
  /** A host of the test's own, since others run meanwhile. */
  async function start(t) {
    const host = await new Host().start();
    const clients = new Clients(host);
    t.after(async () => {
      clients.closeAll();
      await host.dispose();
    });
    return { host, connect: (name) => clients.connect('SchedulerAgent', { name }) };
  }

  it('happen when they are due', LIMIT, async (t) => {
    const { host, connect } = await start(t);
    const name = randomUUID();
    const first = await connect(name);
    const schedule = await first.call('remind', [3, 'still here']);
    const daily = await first.call('cron', ['0 7 * * *', 'coffee']);
    first.close();
    await host.crash();
    const client = await connect(name);
    assert.ok(now() < schedule.time, 'it is not due yet');
    assert.deepEqual((await client.call('list')).sort(byId), [schedule, daily].sort(byId));
    assert.equal(client.state.fired, 0);
    assert.equal((await fired(client, 1)).last, 'still here');
    assert.ok(now() >= schedule.time);
    await left(client, 1);
    assert.deepEqual(await client.call('list'), [daily]);
  });

  it('are caught up with, once, if they fell due while there was no process', LIMIT, async (t) => {
    const { host, connect } = await start(t);
    const name = randomUUID();
    const first = await connect(name);
    const schedule = await first.call('remind', [2, 'missed']);
    first.close();
    await host.kill();
    await due(schedule);
    await host.again();
    const client = await connect(name);
    assert.equal((await fired(client, 1)).last, 'missed');
    await left(client, 0);
    await cut(host, client);
    await host.again();
    await client.ready;
    client.frames.length = 0;
    await client.call('remind', [1, 'after that']);
    const { fired: times } = await receivedState(client, ({ last }) => last === 'after that');
    assert.equal(times, 2, 'the first did not happen again');
  });

  it('stay cancelled', LIMIT, async (t) => {
    const { host, connect } = await start(t);
    const client = await connect();
    const { id } = await client.call('cron', ['* * * * *', null]);
    assert.equal(await client.call('cancel', [id]), true);
    await cut(host, client);
    await host.again();
    assert.deepEqual(await client.call('list'), []);
  });
});
