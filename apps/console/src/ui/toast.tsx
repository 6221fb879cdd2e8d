import { createContext, use, useCallback, useMemo, useState, type ReactNode } from 'react';
import { ApiError } from '../api/client.js';
import { Icon } from './icon.js';

interface Toast {
  id: number;
  tone: 'good' | 'bad';
  text: string;
}

export interface Teller {
  /** Runs what somebody asked for, and says how it went. Resolves to whether it succeeded. */
  run(work: () => Promise<unknown>, done: string): Promise<boolean>;
}

const TOAST_MS = 6_000;
const TellerContext = createContext<Teller | undefined>(undefined);

export function useTeller(): Teller {
  const teller = use(TellerContext);
  if (teller === undefined) throw new Error('Nobody is here to tell.');
  return teller;
}

export function Toasts({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const drop = useCallback((id: number) => setToasts((all) => all.filter((toast) => toast.id !== id)), []);
  const say = useCallback(
    (tone: Toast['tone'], text: string) => {
      const id = performance.now();
      setToasts((all) => [...all.slice(-2), { id, tone, text }]);
      // What went wrong stays until it is read.
      if (tone === 'good') setTimeout(() => drop(id), TOAST_MS);
    },
    [drop],
  );
  const teller = useMemo(
    () => ({
      async run(work: () => Promise<unknown>, done: string) {
        try {
          await work();
          say('good', done);
          return true;
        } catch (error) {
          if (!(error instanceof ApiError)) throw error;
          say('bad', error.message);
          return false;
        }
      },
    }),
    [say],
  );
  return (
    <TellerContext value={teller}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {toasts.map(({ id, tone, text }) => (
          <div key={id} className={`toast ${tone}`}>
            <Icon name={tone === 'good' ? 'check' : 'warn'} />
            <span>{text}</span>
            <button type="button" className="button quiet icon-only" aria-label="Dismiss" onClick={() => drop(id)}>
              <Icon name="close" />
            </button>
          </div>
        ))}
      </div>
    </TellerContext>
  );
}
