import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { readFile, stat } from 'node:fs/promises';
import { resolveSecret } from '@tocsin/extension';
import { HttpProxyAgent } from 'http-proxy-agent';
import { HttpsProxyAgent } from 'https-proxy-agent';
import type { Egress } from './egress.js';
import type { HttpProxy, HttpTls } from './http-options.js';

export interface AgentOptions {
  egress: Egress;
  tls?: HttpTls | undefined;
  proxy?: HttpProxy | undefined;
}

export interface Agents {
  http: HttpAgent;
  https: HttpAgent;
}

/** A file or a secret that cannot be used; the message says which, and shows nothing of it. */
export class ConnectionConfigError extends Error {
  override readonly name = 'ConnectionConfigError';
}

/** Files are looked at no more often than this. */
const LOOK_EVERY_MS = 5_000;
/** Requests that began with certificates from before may end. */
const OUTDATED_MS = 60_000;

/** The agents of one channel, made anew when the files of its certificates change. */
export class AgentSource {
  readonly #options: AgentOptions;
  #current: { agents: Agents; seen: string; lookedAt: number } | undefined;

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  /** Throws `ConnectionConfigError`. */
  async agents(now = Date.now()): Promise<Agents> {
    if (this.#current !== undefined && (this.#files().length === 0 || now - this.#current.lookedAt < LOOK_EVERY_MS)) return this.#current.agents;
    const seen = await this.#seen();
    if (this.#current?.seen === seen) {
      this.#current.lookedAt = now;
      return this.#current.agents;
    }
    const agents = await this.#make();
    const before = this.#current?.agents;
    this.#current = { agents, seen, lookedAt: now };
    if (before !== undefined) setTimeout(() => destroy(before), OUTDATED_MS).unref();
    return agents;
  }

  close(): void {
    if (this.#current !== undefined) destroy(this.#current.agents);
    this.#current = undefined;
  }

  #files(): string[] {
    const { caFile, certFile, keyFile } = this.#options.tls ?? {};
    return [caFile, certFile, keyFile].filter((file) => file !== undefined);
  }

  async #seen(): Promise<string> {
    const stamps = this.#files().map(async (file) => {
      const { mtimeMs, size, ino } = await stat(file).catch(unreadable(file));
      return `${mtimeMs}/${size}/${ino}`;
    });
    return (await Promise.all(stamps)).join(' ');
  }

  async #make(): Promise<Agents> {
    const { egress, tls, proxy } = this.#options;
    const [ca, cert, key] = await Promise.all([read(tls?.caFile), read(tls?.certFile), read(tls?.keyFile)]);
    const secure = {
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert, key }),
      ...(tls?.servername !== undefined && { servername: tls.servername }),
    };
    const common = { keepAlive: true, lookup: egress.lookup };
    if (proxy === undefined) return { http: new HttpAgent(common), https: new HttpsAgent({ ...common, ...secure }) };
    const headers = proxy.authorization === undefined ? {} : { 'proxy-authorization': await secretOf(proxy.authorization) };
    return {
      http: new HttpProxyAgent(proxy.url, { ...common, headers }),
      https: new HttpsProxyAgent(proxy.url, { ...common, ...secure, headers }),
    };
  }
}

function destroy({ http, https }: Agents): void {
  http.destroy();
  https.destroy();
}

async function read(file: string | undefined): Promise<Buffer | undefined> {
  return file === undefined ? undefined : readFile(file).catch(unreadable(file));
}

function unreadable(file: string): (error: unknown) => never {
  return (cause) => {
    throw new ConnectionConfigError(`the file ${file} cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'})`, { cause });
  };
}

async function secretOf(ref: NonNullable<HttpProxy['authorization']>): Promise<string> {
  try {
    return await resolveSecret(ref);
  } catch (cause) {
    throw new ConnectionConfigError((cause as Error).message, { cause });
  }
}
