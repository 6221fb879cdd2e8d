import { useState } from 'react';
import { send } from '../api/client.js';
import { useResource } from '../api/resource.js';
import type { DeliveryPage, Drill, SentAgain, Subscription, SubscriptionList } from '../api/types.js';
import { navigate, usePlace, withQuery } from '../route.js';
import { useDenied } from '../session.js';
import { Ago, Empty, PageHead, Trouble, Waiting } from '../ui/bits.js';
import { Button } from '../ui/button.js';
import { DELIVERY_WORDS, DeliveryRow } from '../ui/delivery-row.js';
import { Icon } from '../ui/icon.js';
import { useTeller } from '../ui/toast.js';
import { count, duration, plain } from '../words.js';
import { AskReason } from '../ui/ask-reason.js';

export function SubscriptionsPage() {
  const { query } = usePlace();
  const { data, error, reload } = useResource<SubscriptionList>('/v1/subscriptions', 'tick', 'incident');
  const chosen = query.get('subscription') ?? '';
  return (
    <div className="page">
      <PageHead title="Subscriptions" note="Who is told, how far each has come, and what its receiver said last." />
      <Trouble error={error} stale={data !== undefined} />
      {data === undefined && error === undefined && <Waiting />}
      {data?.items.length === 0 && (
        <Empty icon="subscriptions" title="Nobody is told yet">
          A document of the kind Subscription sends incidents to a webhook, a ticket system, a chat or a SIEM.
        </Empty>
      )}
      <ul className="rows">
        {data?.items.map((subscription) => (
          <li key={subscription.name} className="card">
            <Card subscription={subscription} chosen={chosen === subscription.name} reload={reload} />
          </li>
        ))}
      </ul>
      {(data?.items.length ?? 0) > 0 && <Deliveries subscription={chosen} />}
    </div>
  );
}

const TONES = { active: 'good', disabled: 'bad', stopped: 'warn' } as const;
const WORDS = { active: 'Active', disabled: 'Disabled: it failed for too long', stopped: 'Stopped' } as const;

function Card({ subscription, chosen, reload }: { subscription: Subscription; chosen: boolean; reload: () => Promise<void> }) {
  const { name, channel, events, state, reason, served, lag, dead_letters, failing_since, last_success, last_error, paused_until } = subscription;
  const { query } = usePlace();
  const [asking, setAsking] = useState<'enable' | 'disable'>();
  const teller = useTeller();
  const denied = useDenied('operator');
  const path = `/v1/subscriptions/${encodeURIComponent(name)}`;
  const test = async (): Promise<void> => {
    await teller.run(() => send<Drill>('POST', `${path}/drill`, {}), 'A test is on its way; it stands among the deliveries below.');
    await reload();
  };
  const redrive = async (): Promise<void> => {
    await teller.run(() => send<SentAgain>('POST', `${path}/redrive`, {}), 'What was refused is sent again, the oldest first.');
    await reload();
  };
  return (
    <article className="action subscription" aria-label={name}>
      <header>
        <h2>{name}</h2>
        <span className="pill tone-neutral">{channel}</span>
        <span className={`pill tone-${TONES[state]}`}>{WORDS[state]}</span>
        {failing_since !== undefined && state === 'active' && <span className="pill tone-warn">Failing</span>}
        {!served && <span className="pill tone-neutral">No notifier serves it</span>}
      </header>
      <dl className="numbers-row">
        <div>
          <dt>Tells of</dt>
          <dd>{events}</dd>
        </div>
        <div>
          <dt>Behind by</dt>
          <dd>{lag.events === 0 ? 'nothing' : `${count(lag.events, 'event')}, ${duration(lag.seconds * 1000)}`}</dd>
        </div>
        <div>
          <dt>Last delivered</dt>
          <dd>{last_success === undefined ? 'never' : <Ago time={last_success} />}</dd>
        </div>
        <div>
          <dt>Dead letters</dt>
          <dd>{dead_letters.toLocaleString('en')}</dd>
        </div>
      </dl>
      {last_error !== undefined && (
        <p className="last-error">
          <Icon name="warn" /> {plain(last_error.reason)}: {last_error.message} <Ago time={last_error.time} />
          {paused_until !== undefined && failing_since !== undefined && (
            <>
              , tried again <Ago time={paused_until} />
            </>
          )}
        </p>
      )}
      {state !== 'active' && reason !== '' && <p className="note">{reason}</p>}
      <div className="commands">
        <Button aria-pressed={chosen} onClick={() => navigate(withQuery(query, { subscription: chosen ? undefined : name }), { replace: true })}>
          {chosen ? 'Deliveries of all' : 'Its deliveries'}
        </Button>
        <Button denied={denied} onClick={test}>
          Send a test
        </Button>
        {dead_letters > 0 && (
          <Button denied={denied} onClick={redrive}>
            Put back {count(dead_letters, 'dead letter')}
          </Button>
        )}
        {state === 'active' ? (
          <Button denied={denied} onClick={() => setAsking('disable')}>
            Stop…
          </Button>
        ) : (
          <Button denied={denied} onClick={() => setAsking('enable')}>
            Serve again…
          </Button>
        )}
      </div>
      {asking !== undefined && (
        <AskReason
          title={asking === 'disable' ? `Stop ${name}` : `Serve ${name} again`}
          note={asking === 'disable' ? 'Its events wait on the log until it is served again.' : 'What waited is delivered.'}
          act={asking === 'disable' ? 'Stop it' : 'Serve again'}
          danger={asking === 'disable'}
          onClose={() => setAsking(undefined)}
          onSay={async (why) => {
            const well = await teller.run(
              () => send('POST', `${path}/${asking}`, { reason: why }),
              asking === 'disable' ? 'Stopped.' : 'Served again.',
            );
            if (well) setAsking(undefined);
            await reload();
          }}
        />
      )}
    </article>
  );
}

const STATES = [
  ['', 'All'],
  ['pending', DELIVERY_WORDS.pending],
  ['dead', DELIVERY_WORDS.dead],
  ['delivered', DELIVERY_WORDS.delivered],
] as const;
function Deliveries({ subscription }: { subscription: string }) {
  const { query } = usePlace();
  const state = query.get('state') ?? '';
  const filter = new URLSearchParams({ limit: '50', ...(subscription !== '' && { subscription }), ...(state !== '' && { state }) });
  const { data, error, reload } = useResource<DeliveryPage>(`/v1/deliveries?${filter.toString()}`, 'tick', 'incident');
  return (
    <section className="deliveries" aria-label="Deliveries">
      <h2>Deliveries{subscription !== '' && ` of ${subscription}`}</h2>
      <div className="tabs" role="group" aria-label="State">
        {STATES.map(([value, word]) => (
          <button
            key={value}
            type="button"
            aria-pressed={state === value}
            onClick={() => navigate(withQuery(query, { state: value }), { replace: true })}
          >
            {word}
          </button>
        ))}
      </div>
      <Trouble error={error} stale={data !== undefined} />
      {data?.items.length === 0 && <p className="note">None yet.</p>}
      <ul className="rows">
        {data?.items.map((delivery) => (
          <DeliveryRow key={delivery.id} delivery={delivery} event={delivery.event} reload={reload} />
        ))}
      </ul>
    </section>
  );
}
