import { createServer, type AddressInfo, type Socket } from 'node:net';

export interface SyslogReceiver {
  port: number;
  /** Messages without their framing, in the order of their arrival. */
  messages: string[];
  /** Resolves when the condition holds; it is looked at after every arrival. */
  until(condition: () => boolean): Promise<void>;
  /** Cuts every connection, as a crash does. */
  cut(): void;
  close(): Promise<void>;
}

/** A TCP syslog receiver that takes octet-counted messages (RFC 6587). */
export async function syslogReceiver(port = 0): Promise<SyslogReceiver> {
  const messages: string[] = [];
  let waiting: { condition: () => boolean; resolve: () => void }[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let rest = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      for (;;) {
        const space = rest.indexOf(' ');
        const length = Number(rest.subarray(0, Math.max(0, space)).toString());
        if (space < 0 || rest.length < space + 1 + length) break;
        messages.push(rest.subarray(space + 1, space + 1 + length).toString());
        rest = rest.subarray(space + 1 + length);
      }
      waiting = waiting.filter(({ condition, resolve }) => !condition() || resolve());
    });
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    messages,
    until(condition) {
      if (condition()) return Promise.resolve();
      return new Promise((resolve) => waiting.push({ condition, resolve }));
    },
    cut() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
