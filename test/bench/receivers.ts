import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const GIVE_UP_MS = 180_000;
/** Of Linux on all machines that we know; there is no way to ask without a program. */
const TICKS_PER_SECOND = 100;

export interface Measured {
  perSecond: number;
  /** Microseconds of CPU that the sender took for one event, between the first and the last arrival. */
  cpuMicros: number;
}

/** Counts what arrives, and what the process that sends it costs meanwhile. */
export class Arrivals {
  readonly port: number;
  readonly #close: () => void;
  #count = 0;
  #firstCount = 0;
  #first = 0;
  #last = 0;
  #pid = 0;
  #cpuAtFirst = 0;

  private constructor(port: number, close: () => void) {
    this.port = port;
    this.#close = close;
  }

  /** Messages with octet counting over TCP. */
  static async syslog(): Promise<Arrivals> {
    let arrivals: Arrivals | undefined;
    const server = createTcpServer((socket) => {
      const frames = new FrameCounter();
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => arrivals?.add(frames.count(chunk)));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    arrivals = new Arrivals((server.address() as AddressInfo).port, () => void server.close());
    return arrivals;
  }

  /** Requests, each answered with 204. */
  static async http(): Promise<Arrivals> {
    let arrivals: Arrivals | undefined;
    const server: Server = createServer((request, response) => {
      request.resume();
      request.on('end', () => {
        response.writeHead(204).end();
        arrivals?.add(1);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    arrivals = new Arrivals((server.address() as AddressInfo).port, () => {
      server.closeAllConnections();
      server.close();
    });
    return arrivals;
  }

  /** From now on; `pid` is the process that sends. */
  begin(pid: number | undefined): void {
    this.#count = this.#first = this.#last = 0;
    this.#pid = pid ?? process.pid;
  }

  /** Resolves when so many have arrived since `begin`. */
  async reached(count: number): Promise<Measured> {
    const end = Date.now() + GIVE_UP_MS;
    while (this.#count < count) {
      if (Date.now() > end) throw new Error(`${this.#count} of ${count} events arrived within ${GIVE_UP_MS} ms.`);
      await delay(5);
    }
    const arrived = this.#count - this.#firstCount;
    const cpu = cpuSeconds(this.#pid) - this.#cpuAtFirst;
    return { perSecond: arrived / ((this.#last - this.#first) / 1000), cpuMicros: (cpu * 1e6) / arrived };
  }

  close(): void {
    this.#close();
  }

  add(arrivals: number): void {
    if (this.#first === 0) {
      this.#first = performance.now();
      this.#firstCount = arrivals;
      this.#cpuAtFirst = cpuSeconds(this.#pid);
    }
    this.#count += arrivals;
    this.#last = performance.now();
  }
}

/** User and system time so far, by proc(5). */
function cpuSeconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

const SPACE = 0x20;

/** Counts frames without looking at what is in them, so that the receiver costs next to nothing. */
class FrameCounter {
  /** Bytes of the frame under way that are still to come; while its length is read, what was read of it. */
  #left = 0;
  #length = 0;

  count(chunk: Buffer): number {
    let frames = 0;
    for (let at = 0; at < chunk.length;) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, chunk.length - at);
        this.#left -= taken;
        at += taken;
        continue;
      }
      const byte = chunk[at++] as number;
      if (byte !== SPACE) {
        this.#length = this.#length * 10 + byte - 0x30;
        continue;
      }
      this.#left = this.#length;
      this.#length = 0;
      frames++;
    }
    return frames;
  }
}
