// A chat client of raw frames: what a test sees here is what is on the wire.

import { randomUUID } from 'node:crypto';
import WebSocket from 'ws';

const RESPONSE = 'cf_agent_use_chat_response';

/** The server would not have this connection. */
export class Refused extends Error {
  constructor(status) {
    super(`the connection was refused with ${status}`);
    this.status = status;
  }
}

export class Wire {
  #socket;
  #woken = () => {};

  /** Everything received, oldest first. */
  frames = [];

  /** Connects to an instance, a new one unless a name is given; `host` may have `headers`. */
  static async open(host, agent, name = randomUUID()) {
    const wire = new Wire();
    wire.host = host;
    wire.path = `${agent}/${name}`;
    const socket = new WebSocket(`ws://${host.address}/agents/${wire.path}`, { headers: host.headers });
    wire.#socket = socket;
    socket.on('message', (data) => {
      wire.frames.push(JSON.parse(data));
      wire.#woken();
    });
    wire.closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('close', () => wire.#woken());
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
      socket.once('unexpected-response', (_, { statusCode }) => reject(new Refused(statusCode)));
    });
    await wire.until(({ type }) => type === 'cf_agent_identity');
    return wire;
  }

  send(frame) {
    this.#socket.send(JSON.stringify(frame));
  }

  /** Says something; answers the turn's id. */
  say(text, { id = randomUUID(), ...custom } = {}) {
    const message = { id: `said-${id}`, role: 'user', parts: [{ type: 'text', text }] };
    return this.request([message], { id, trigger: 'submit-message', ...custom });
  }

  request(messages, { id = randomUUID(), ...rest }) {
    const body = JSON.stringify({ messages, ...rest });
    this.send({ type: 'cf_agent_use_chat_request', id, init: { method: 'POST', body } });
    return id;
  }

  /** Calls a method of the instance; answers its result. */
  async call(method, ...args) {
    const id = randomUUID();
    this.send({ type: 'rpc', id, method, args });
    const { success, error, result } = await this.until((frame) => frame.type === 'rpc' && frame.id === id);
    if (!success) throw new Error(error);
    return result;
  }

  /** The first frame that fits, awaited where it has not come yet. */
  async until(fits) {
    for (let seen = 0; ; ) {
      for (; seen < this.frames.length; seen += 1) {
        if (fits(this.frames[seen])) return this.frames[seen];
      }
      if (this.#socket.readyState >= WebSocket.CLOSING) throw new Error('the connection is closed');
      await new Promise((resolve) => (this.#woken = resolve));
    }
  }

  /** The first chunk of this type in a turn. */
  async chunk(id, type) {
    const fits = (frame) => isChunk(frame, id) && JSON.parse(frame.body).type === type;
    return JSON.parse((await this.until(fits)).body);
  }

  /** A whole turn: `{ chunks, error, last }`. */
  async turn(id) {
    const last = await this.until((frame) => isOf(frame, id) && frame.done);
    const chunks = this.frames.filter((frame) => isChunk(frame, id)).map(({ body }) => JSON.parse(body));
    const error = this.frames.find((frame) => isOf(frame, id) && frame.error)?.body;
    return { chunks, error, last };
  }

  /** What the server has kept. */
  async history() {
    const response = await fetch(`http://${this.host.address}/agents/${this.path}/get-messages`, {
      headers: this.host.headers,
    });
    return response.json();
  }

  close() {
    this.#socket.terminate();
  }
}

function isOf(frame, id) {
  return frame.type === RESPONSE && frame.id === id;
}

function isChunk(frame, id) {
  return isOf(frame, id) && !frame.error && frame.body !== '';
}
