import { createContext, use, useCallback, useEffect, useMemo, useState, type ReactNode } from 'react';
import { ApiError, get, send, speakAs, whenUnauthorised } from './api/client.js';
import { startLive, stopLive } from './api/live.js';
import { forgetResources } from './api/resource.js';
import type { Session as SessionAnswer } from './api/types.js';

export type Role = NonNullable<SessionAnswer['role']>;
type Who = SessionAnswer & { actor: string; role: Role };

export interface Session {
  who: Who;
  /** Says who speaks, where the server asks nobody who they are; it stands in the history of what is done. */
  rename(actor: string): void;
  signOut(): Promise<void>;
}

export interface Gate {
  state: 'asking' | 'anonymous' | 'in';
  /** We were in before: our session has ended. */
  expired: boolean;
  /** Why we cannot even ask. */
  trouble?: string | undefined;
}

const RANK: Record<Role, number> = { viewer: 0, operator: 1, approver: 2, admin: 3 };
const NAME_KEY = 'tocsin.actor';
const SessionContext = createContext<Session | undefined>(undefined);

export function useSession(): Session {
  const session = use(SessionContext);
  if (session === undefined) throw new Error('There is no session here.');
  return session;
}

/** Why we may not do what needs this role; undefined when we may. The API has the last word. */
export function useDenied(needs: Role): string | undefined {
  const { who } = useSession();
  return RANK[who.role] >= RANK[needs] ? undefined : `It needs the role ${needs}; you are ${who.role}.`;
}

interface GateProps {
  login: (gate: Gate, signIn: (token: string) => Promise<void>) => ReactNode;
  children: ReactNode;
}

/** Shows `children` to whom the server knows, and `login` to others, at the same address, so that they come back to it. */
export function SessionGate({ login, children }: GateProps) {
  const [gate, setGate] = useState<Gate>({ state: 'asking', expired: false });
  const [who, setWho] = useState<Who>();
  const ask = useCallback(async () => {
    const { known, trouble } = await knock();
    setWho(known);
    setGate((before) => {
      if (known !== undefined) return { state: 'in', expired: false };
      return { state: 'anonymous', expired: before.state === 'in' || before.expired, trouble };
    });
  }, []);
  useEffect(() => {
    speakAs(localStorage.getItem(NAME_KEY) ?? undefined);
    whenUnauthorised(() => setGate((before) => (before.state === 'in' ? { state: 'anonymous', expired: true } : before)));
    void ask();
  }, [ask]);
  useEffect(() => {
    if (gate.state !== 'in') return undefined;
    startLive();
    return stopLive;
  }, [gate.state]);
  const session = useMemo(
    () =>
      who === undefined
        ? undefined
        : {
            who,
            rename(actor: string) {
              localStorage.setItem(NAME_KEY, actor);
              speakAs(actor);
              void ask();
            },
            async signOut() {
              await send('DELETE', '/v1/session');
              forgetResources();
              setGate({ state: 'anonymous', expired: false });
            },
          },
    [who, ask],
  );
  const signIn = useCallback(
    async (token: string) => {
      await send('POST', '/v1/session', { token });
      forgetResources();
      await ask();
    },
    [ask],
  );
  if (session === undefined || gate.state !== 'in') return login(gate, signIn);
  return <SessionContext value={session}>{children}</SessionContext>;
}

async function knock(): Promise<{ known?: Who; trouble?: string }> {
  try {
    const answer = await get<SessionAnswer>('/v1/session');
    const { actor, role } = answer;
    return actor === undefined || role === undefined ? {} : { known: { ...answer, actor, role } };
  } catch (error) {
    if (error instanceof ApiError) return { trouble: error.message };
    throw error;
  }
}
