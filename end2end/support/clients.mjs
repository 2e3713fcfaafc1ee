// The npm client as a test drives it: whatever it received can be awaited, and all that one test
// file opened are closed together.

import { randomUUID } from 'node:crypto';
import { agentFetch, AgentClient } from 'agents/client';
import WebSocket from 'ws';

/** Reconnecting as quickly as a test wants it; the client's own delays are seconds. */
export const QUICK = { minReconnectionDelay: 20, maxReconnectionDelay: 200 };

export class Clients {
  #host;
  #opened = [];

  /** Clients of one host. */
  constructor(host) {
    this.#host = host;
  }

  /** Connects to an instance, a new one unless a name is given. */
  async connect(agent, options) {
    const client = this.open(agent, options);
    await Promise.race([client.ready, refused(client)]);
    return client;
  }

  /** As `connect`, without waiting; `client.frames` has everything received. */
  open(agent, { name = randomUUID(), ...options } = {}) {
    // `WebSocket` is not part of Node before 22.
    const client = new AgentClient({ host: this.#host.address, agent, name, WebSocket, ...QUICK, ...options });
    this.#opened.push(client);
    client.frames = [];
    client.addEventListener('message', (event) => {
      const frame = parse(event.data);
      if (frame) client.frames.push(frame);
    });
    return client;
  }

  /** An HTTP request to an instance. */
  fetch(agent, name, path, init) {
    return agentFetch({ host: this.#host.address, agent, name, path }, init);
  }

  /** Waits until the server counts this many connections of a `TestStateAgent`. */
  async connections(name, count) {
    await this.#asked(name, 'connections', (answer) => answer.count === count);
  }

  /** Waits until a `TestStateAgent` has noted this many states: `[{ state, source }]`. */
  async updates(name, count) {
    const { updates } = await this.#asked(name, 'state-updates', (answer) => answer.updates.length === count);
    return updates;
  }

  /** Asks until the answer fits: nobody is told when a number changes. */
  async #asked(name, path, fits) {
    for (;;) {
      const response = await this.fetch('TestStateAgent', name, path);
      const answer = await response.json();
      if (fits(answer)) return answer;
    }
  }

  closeAll() {
    this.#opened.forEach((client) => client.close());
  }
}

/** The first frame that fits, of those received and those to come. */
export function received(client, fits) {
  return new Promise((resolve) => {
    const look = () => {
      const frame = client.frames.find(fits);
      if (!frame) return;
      client.removeEventListener('message', look);
      resolve(frame);
    };
    client.addEventListener('message', look);
    look();
  });
}

/** The first state that fits, of those received and those to come. */
export async function receivedState(client, fits) {
  const frame = await received(client, ({ type, state }) => type === 'cf_agent_state' && fits(state));
  return frame.state;
}

/** The next event of this name. */
export function next(target, name) {
  return new Promise((resolve) => target.addEventListener(name, resolve, { once: true }));
}

/** `kill -9`, seen by a client. */
export async function cut(host, client) {
  const closed = next(client, 'close');
  await host.kill();
  await closed;
}

/** Calls a streaming method: `{ chunks, end }` or `{ chunks, error }`. */
export async function streamed(caller, method, args = []) {
  const chunks = [];
  return new Promise((resolve) => {
    const stream = {
      onChunk: (chunk) => chunks.push(chunk),
      onDone: (end) => resolve({ chunks, end }),
      onError: (error) => resolve({ chunks, error }),
    };
    caller.call(method, args, { stream }).catch(() => {});
  });
}

/** Fails when the server answers the handshake with something else; the client would try for ever. */
function refused(client) {
  return new Promise((_, reject) => {
    client.addEventListener('error', ({ message }) => {
      if (message?.startsWith('Unexpected server response')) reject(new Error(message));
    });
  });
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
