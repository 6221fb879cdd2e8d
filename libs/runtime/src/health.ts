import type { EventLog } from '@tocsin/event-log';
import type { Store } from '@tocsin/store';

export interface Check {
  name: string;
  ok: boolean;
  /** Why not, for people. */
  detail?: string;
}

export interface Readiness {
  ready: boolean;
  checks: Check[];
}

const CHECK_TIMEOUT_MS = 2_000;

/**
 * Ready means: started, not stopping, and the log and the store answer. Alive (`/healthz`) only means that the
 * process answers: a broker that is down must not make the orchestrator restart every service.
 */
export class Health {
  #phase: 'starting' | 'running' | 'stopping' = 'starting';
  readonly #parts: { log: Pick<EventLog, 'ping'>; store: Pick<Store, 'ping'> | undefined };

  constructor(parts: { log: Pick<EventLog, 'ping'>; store: Pick<Store, 'ping'> | undefined }) {
    this.#parts = parts;
  }

  set phase(phase: 'running' | 'stopping') {
    this.#phase = phase;
  }

  async readiness(): Promise<Readiness> {
    const checks = await Promise.all([
      Promise.resolve<Check>({ name: 'started', ok: this.#phase === 'running', detail: this.#phase }),
      check('log', (signal) => this.#parts.log.ping(signal)),
      ...(this.#parts.store === undefined ? [] : [check('store', () => this.#parts.store!.ping())]),
    ]);
    return { ready: checks.every((item) => item.ok), checks };
  }
}

async function check(name: string, ping: (signal: AbortSignal) => Promise<void>): Promise<Check> {
  const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS);
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`)), { once: true });
  });
  try {
    await Promise.race([ping(signal), late]);
    return { name, ok: true };
  } catch (error) {
    return { name, ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}
