import { send } from '../api/client.js';
import type { Delivery, SentAgain } from '../api/types.js';
import { useDenied } from '../session.js';
import { count, plain } from '../words.js';
import { Ago } from './bits.js';
import { Button } from './button.js';
import { useTeller } from './toast.js';

const TONES = { pending: 'warn', delivered: 'good', dead: 'bad' } as const;
export const DELIVERY_WORDS = { pending: 'Being retried', delivered: 'Delivered', dead: 'Refused' } as const;

/** What became of one event at one subscription, and a way to send it again. */
export function DeliveryRow({ delivery, event, reload }: { delivery: Delivery; event: string; reload: () => Promise<void> }) {
  const { id, subscription, state, attempts, last_attempt, last_failure } = delivery;
  const teller = useTeller();
  const denied = useDenied('operator');
  const again = (): Promise<void> =>
    teller
      .run(() => send<SentAgain>('POST', `/v1/deliveries/${encodeURIComponent(id)}/redeliver`, {}), 'It is sent again, with the same id.')
      .then(reload);
  return (
    <li className="card row">
      <span className={`pill tone-${TONES[state]}`}>{DELIVERY_WORDS[state]}</span>
      <span className="row-what">
        <b>{subscription}</b>
        <code className="note">{event}</code>
        {last_failure !== undefined && (
          <span className="note">
            {plain(last_failure.reason)}: {last_failure.message}
          </span>
        )}
      </span>
      <span className="row-side note">
        {count(attempts, 'attempt')} · <Ago time={last_attempt} />
      </span>
      <Button denied={state === 'pending' ? 'It is tried again by itself.' : denied} onClick={again}>
        Send again
      </Button>
    </li>
  );
}
