import { useState, type SyntheticEvent } from 'react';
import { ApiError } from '../api/client.js';
import type { Gate } from '../session.js';
import { Button } from '../ui/button.js';

/** Stands at every address to whom the server does not know; afterwards the page of that address is there. */
export function Login({ gate, signIn }: { gate: Gate; signIn: (token: string) => Promise<void> }) {
  const [token, setToken] = useState('');
  const [refusal, setRefusal] = useState<string>();
  const [busy, setBusy] = useState(false);
  if (gate.state === 'asking') return <div className="login" aria-busy="true" />;
  const submit = async (event: SyntheticEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setRefusal(undefined);
    try {
      await signIn(token.trim());
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setRefusal(error.message);
    }
    setBusy(false);
  };
  return (
    <main className="login">
      <form className="card" onSubmit={(event) => void submit(event)}>
        <img src="/favicon.svg" width="44" height="44" alt="" />
        <h1>Sign in to Tocsin</h1>
        {gate.expired && refusal === undefined && (
          <p className="note" role="status">
            Your session has ended. Sign in again, and you are back where you were.
          </p>
        )}
        {(refusal ?? gate.trouble) !== undefined && (
          <p className="trouble" role="alert">
            {refusal ?? gate.trouble}
          </p>
        )}
        <label className="field">
          <span>Token (made by “tocsin token”)</span>
          <input
            autoFocus
            type="password"
            autoComplete="current-password"
            required
            value={token}
            onChange={(event) => setToken(event.target.value)}
          />
        </label>
        <Button type="submit" look="primary" aria-busy={busy}>
          Sign in
        </Button>
      </form>
    </main>
  );
}
