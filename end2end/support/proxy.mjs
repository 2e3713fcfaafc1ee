// A network between clients and a host, which can break.

import { createServer, connect } from 'node:net';

export class Proxy {
  #server;
  #pairs = new Set();

  /** Where clients find the host. */
  address;

  static async start(host) {
    const proxy = new Proxy();
    const [name, port] = host.split(':');
    proxy.#server = createServer((client) => {
      const server = connect(Number(port), name);
      const pair = { ends: [client, server], isSocket: false, isLost: false };
      proxy.#pairs.add(pair);
      client.once('data', (first) => (pair.isSocket = /^upgrade: *websocket/im.test(first)));
      for (const [from, to] of [
        [client, server],
        [server, client],
      ]) {
        from.setNoDelay();
        from.on('error', () => {});
        from.on('close', () => {
          if (pair.isLost) return;
          proxy.#pairs.delete(pair);
          to.destroy();
        });
        from.pipe(to);
      }
    });
    await new Promise((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    proxy.address = `127.0.0.1:${proxy.#server.address().port}`;
    return proxy;
  }

  /** Breaks every connection. */
  cut() {
    for (const { ends } of this.#pairs) ends.forEach((end) => end.destroy());
  }

  /**
   * Nothing gets through what is open any more, and neither end is told, as when a telephone leaves a network.
   * Connections that a browser keeps for later requests are closed: after minutes it does that by itself.
   */
  lose() {
    for (const pair of this.#pairs) {
      const [client, server] = pair.ends;
      if (!pair.isSocket) {
        client.destroy();
        continue;
      }
      pair.isLost = true;
      client.unpipe(server).resume();
      server.unpipe(client).resume();
    }
  }

  close() {
    this.#server.close();
    this.cut();
  }
}
