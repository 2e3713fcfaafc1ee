// A network between clients and a host, which can break.

import { createServer, connect } from 'node:net';

export class Proxy {
  #server;
  #sockets = new Set();

  /** Where clients find the host. */
  address;

  static async start(host) {
    const proxy = new Proxy();
    const [name, port] = host.split(':');
    proxy.#server = createServer((client) => {
      const server = connect(Number(port), name);
      for (const [from, to] of [
        [client, server],
        [server, client],
      ]) {
        proxy.#sockets.add(from);
        from.setNoDelay();
        from.on('error', () => {});
        from.on('close', () => {
          proxy.#sockets.delete(from);
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
    this.#sockets.forEach((socket) => socket.destroy());
  }

  close() {
    this.#server.close();
    this.cut();
  }
}
