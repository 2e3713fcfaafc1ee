// Sockets that break at a given place of a turn.

import WebSocket from 'ws';

/**
 * A class of sockets, of which the first one breaks as soon as it has delivered the chunk with this number.
 * `done` of the class tells when that was.
 */
export function cutAfter(chunk) {
  let broken = false;
  let tell;
  return class CutSocket extends WebSocket {
    static done = new Promise((resolve) => {
      tell = resolve;
    });

    #gone = false;

    emit(name, ...rest) {
      if (name !== 'message') return super.emit(name, ...rest);
      // What has arrived after the break has not arrived.
      if (this.#gone) return false;
      const heard = super.emit(name, ...rest);
      if (!broken && chunkOf(rest[0]) === chunk) {
        broken = true;
        this.#gone = true;
        this.terminate();
        tell();
      }
      return heard;
    }
  };
}

function chunkOf(data) {
  const { type, seq } = JSON.parse(data);
  return type === 'cf_agent_use_chat_response' ? seq : undefined;
}
