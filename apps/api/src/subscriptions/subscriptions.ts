import { Problem } from '@tocsin/runtime/nest';
import {
  countDeadLetters,
  getDelivery,
  getSubscriptionState,
  listDeliveries,
  lockSubscriptionStates,
  putSubscriptionStates,
  subscriptionStates,
  sumSubscriptionLags,
  type DeliveryState,
  type Store,
  type SubscriptionState,
} from '@tocsin/store';
import type { SayDeps } from '../commands/say.js';
import { notFound } from '../http/answer.js';
import { readBody } from '../http/body.js';
import { showPage, type PageBody } from '../http/pages.js';
import { deliveriesQuery, noQuery, readQuery } from '../http/query.js';
import {
  emptyBody,
  showDelivery,
  showSubscription,
  switchBody,
  type DeliveryBody,
  type DrillBody,
  type SubscriptionBody,
} from '../resources/subscription.js';
import type { Asked } from '../response/response.js';
import { drillFor } from './drill.js';

const RETRY_AFTER_S = 5;
const LAGS_OF_MS = 30_000;

export async function readSubscriptions(deps: SayDeps, query: unknown): Promise<{ items: SubscriptionBody[] }> {
  readQuery(noQuery, query);
  return { items: await show(deps, await subscriptionStates(deps.store.db)) };
}

export async function readSubscription(deps: SayDeps, name: string, query: unknown): Promise<SubscriptionBody> {
  readQuery(noQuery, query);
  const [shown] = await show(deps, [await stateOf(deps.store, name)]);
  return shown as SubscriptionBody;
}

async function show({ store, now }: SayDeps, states: readonly SubscriptionState[]): Promise<SubscriptionBody[]> {
  const lags = await sumSubscriptionLags(store.db, new Date(now() - LAGS_OF_MS).toISOString());
  const letters = await countDeadLetters(store.db, 'deliver');
  return states.map((state) => showSubscription(state, lags.get(state.subscription), letters.get(state.subscription) ?? 0, now()));
}

export async function stateOf({ db }: Store, name: string): Promise<SubscriptionState> {
  const state = await getSubscriptionState(db, name);
  if (state === undefined) throw notFound('subscription');
  return state;
}

/** Says in the store whether it is served; every notifier looks there within seconds. */
export async function switchSubscription(
  name: string,
  on: boolean,
  { contentType, body, query, actor }: Asked,
  deps: SayDeps,
): Promise<SubscriptionBody> {
  readQuery(noQuery, query);
  const { reason } = readBody(switchBody, contentType, body);
  const time = new Date(deps.now()).toISOString();
  await deps.store.transaction(async (tx) => {
    const before = (await lockSubscriptionStates(tx, [name])).get(name);
    if (before === undefined) throw notFound('subscription');
    // The time of failing begins anew, or it would be disabled again at once.
    const state = { ...before, state: on ? 'active' : 'stopped', since: time, actor, reason, failingSince: null, probeAt: null } as const;
    await putSubscriptionStates(tx, [state]);
  });
  return readSubscription(deps, name, {});
}

export async function readDeliveries({ store }: SayDeps, query: unknown): Promise<PageBody<DeliveryBody>> {
  const { limit, cursor, subscription, state, event, about } = readQuery(deliveriesQuery, query);
  const filter = { subscription, state: state as DeliveryState | undefined, eventId: event, about };
  return showPage(await listDeliveries(store.db, filter, { limit, cursor }), showDelivery);
}

export async function readDelivery({ store }: SayDeps, id: string, query: unknown): Promise<DeliveryBody> {
  readQuery(noQuery, query);
  const row = await getDelivery(store.db, id);
  if (row === undefined) throw notFound('delivery');
  return showDelivery(row);
}

export async function drill(name: string, { contentType, body, query }: Asked, deps: SayDeps): Promise<DrillBody> {
  readQuery(noQuery, query);
  readBody(emptyBody, contentType, body);
  const { events } = await stateOf(deps.store, name);
  const time = new Date(deps.now()).toISOString();
  const { topic, record, event, delivery } = drillFor(name, events, time);
  await appended(() => deps.log.append(topic, [record]));
  return { subscription: name, event, delivery, sent_at: time };
}

/** Throws a `Problem` to try again when the log does not take it. */
export async function appended(append: () => Promise<void>): Promise<void> {
  try {
    await append();
  } catch (cause) {
    throw new Problem(
      { status: 503, detail: `The log did not take it (${cause instanceof Error ? cause.message : String(cause)}); try again soon.` },
      { 'retry-after': String(RETRY_AFTER_S) },
    );
  }
}
