import { createContext, use, useCallback, useEffect, useMemo, useState, type ReactNode } from 'react';
import { ApiError, get, identify, whenUnauthorised } from './api/client.js';
import { startLive, stopLive } from './api/live.js';
import { forgetResources } from './api/resource.js';

/** Who we are to the server. */
export interface Who {
  actor: string;
  /** Whether there is something to sign out of. */
  signedIn: boolean;
}

export interface Session {
  who: Who;
  /** Says who speaks; the API puts it on record with what is said. */
  rename(actor: string): void;
  signOut(): void;
}

export interface Gate {
  state: 'asking' | 'anonymous' | 'in';
  /** We were in before: what we showed is no longer taken. */
  expired: boolean;
  /** Why we cannot even ask. */
  trouble?: string | undefined;
}

export interface Credentials {
  token: string;
  actor: string;
}

const SessionContext = createContext<Session | undefined>(undefined);

export function useSession(): Session {
  const session = use(SessionContext);
  if (session === undefined) throw new Error('There is no session here.');
  return session;
}

/** The token lasts as long as the tab; the name stays with the browser. */
function remembered(): { token: string | undefined; actor: string | undefined } {
  return { token: sessionStorage.getItem('tocsin.token') ?? undefined, actor: localStorage.getItem('tocsin.actor') ?? undefined };
}

function remember({ token, actor }: Partial<Credentials>): void {
  if (token === undefined) sessionStorage.removeItem('tocsin.token');
  else sessionStorage.setItem('tocsin.token', token);
  if (actor !== undefined && actor !== '') localStorage.setItem('tocsin.actor', actor);
  identify(remembered());
}

interface GateProps {
  login: (gate: Gate, signIn: (credentials: Credentials) => Promise<void>) => ReactNode;
  children: ReactNode;
}

/** Shows `children` to whom the server answers, and `login` to others, at the same address, so that they come back to it. */
export function SessionGate({ login, children }: GateProps) {
  const [gate, setGate] = useState<Gate>({ state: 'asking', expired: false });
  const [who, setWho] = useState<Who>(whoNow);
  const ask = useCallback(async () => {
    const answer = await knock();
    setWho(whoNow());
    setGate((before) => ({ ...answer, expired: answer.state === 'anonymous' && (before.state === 'in' || before.expired) }));
    return answer;
  }, []);
  useEffect(() => {
    identify(remembered());
    whenUnauthorised(() => setGate((before) => (before.state === 'in' ? { state: 'anonymous', expired: true } : before)));
    void ask();
  }, [ask]);
  useEffect(() => {
    if (gate.state !== 'in') return undefined;
    startLive();
    return stopLive;
  }, [gate.state]);
  const session = useMemo(
    () => ({
      who,
      rename(actor: string) {
        remember({ ...remembered(), actor } as Credentials);
        setWho(whoNow());
      },
      signOut() {
        remember({});
        forgetResources();
        setGate({ state: 'anonymous', expired: false });
      },
    }),
    [who],
  );
  const signIn = useCallback(
    async (credentials: Credentials) => {
      remember(credentials);
      const { state, trouble } = await ask();
      if (state !== 'in') throw new ApiError(401, trouble ?? 'This token is not taken.');
    },
    [ask],
  );
  if (gate.state !== 'in') return login(gate, signIn);
  return <SessionContext value={session}>{children}</SessionContext>;
}

function whoNow(): Who {
  const { token, actor } = remembered();
  return { actor: actor ?? (token === undefined ? 'local' : 'api-token'), signedIn: token !== undefined };
}

/** Whether the server lets us in. */
async function knock(): Promise<Omit<Gate, 'expired'>> {
  try {
    await get('/v1/response');
    return { state: 'in' };
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return { state: 'anonymous' };
    return { state: 'anonymous', trouble: error instanceof Error ? error.message : String(error) };
  }
}
