import type { Case, Delivery } from '../api/types.js';
import { DeliveryRow } from '../ui/delivery-row.js';
import { Ago } from '../ui/bits.js';
import { Icon } from '../ui/icon.js';

const CASE_WORDS: Record<Case['state'], string> = {
  creating: 'On its way',
  unknown: 'Being looked for',
  open: 'Open',
  closed: 'Closed',
  orphaned: 'Given up',
};
const CASE_TONES: Record<Case['state'], string> = { creating: 'info', unknown: 'warn', open: 'info', closed: 'neutral', orphaned: 'bad' };

/** What the incident is in ticket systems. */
export function Tickets({ cases }: { cases: readonly Case[] }) {
  if (cases.length === 0) return null;
  return (
    <section className="card">
      <h2>Tickets</h2>
      <ul className="files">
        {cases.map(({ subscription, name, url, state, reason, updated_at }) => (
          <li key={subscription}>
            <span className="ticket">
              <Icon name="ticket" />
              {url === undefined ? (
                <b>{name ?? subscription}</b>
              ) : (
                <a href={url} rel="noreferrer" target="_blank">
                  {name ?? url}
                </a>
              )}
              <span className={`pill tone-${CASE_TONES[state]}`}>{CASE_WORDS[state]}</span>
            </span>
            <small>
              by {subscription}, <Ago time={updated_at} />
            </small>
            {reason !== undefined && <small>{reason}</small>}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What became of each version of the incident at each subscription that wanted it, those attempted last first. */
export function Deliveries({ deliveries, more, reload }: { deliveries: readonly Delivery[]; more: boolean; reload: () => Promise<void> }) {
  if (deliveries.length === 0) return null;
  return (
    <section className="card told">
      <h2>Deliveries</h2>
      <ul className="rows">
        {deliveries.map((delivery) => (
          <DeliveryRow key={delivery.id} delivery={delivery} event={`version ${delivery.event.split('/').at(-1) ?? ''}`} reload={reload} />
        ))}
      </ul>
      {more && <p className="note">The newest are shown.</p>}
    </section>
  );
}
