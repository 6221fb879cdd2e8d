import { directed, readDeadLetter, undirected, DEAD_LETTER_HEADER, type LogRecord } from '@tocsin/event-log';
import { Problem } from '@tocsin/runtime/nest';
import {
  claimRedrive,
  firstOffsets,
  getDeadLetter,
  getDelivery,
  getRedrive,
  releaseRedrive,
  undrivenDeadLetters,
  type DeadLetterRow,
} from '@tocsin/store';
import type { SayDeps } from '../commands/say.js';
import { notFound } from '../http/answer.js';
import { readBody } from '../http/body.js';
import { noQuery, readQuery } from '../http/query.js';
import { emptyBody, redeliverBody, redriveBody, type SentAgain } from '../resources/subscription.js';
import type { Asked } from '../response/response.js';
import { copyTo, type Stretch } from './copy.js';
import { appended, stateOf } from './subscriptions.js';

/** How many events one request sends again; more are sent by another one. */
const MOST_EVENTS = 10_000;
/** How many dead letters one request puts back. */
const MOST_LETTERS = 1_000;
/** How often the same event is put back before somebody has to look why it is refused. */
const MOST_REDRIVES = 5;
const REDRIVEN = 'tocsin_redriven';

/** Sends a subscription again what the log took in a time, as far as it had come. */
export async function redeliver(name: string, { contentType, body, query }: Asked, deps: SayDeps): Promise<SentAgain> {
  readQuery(noQuery, query);
  const { since, until = new Date(deps.now()).toISOString() } = readBody(redeliverBody, contentType, body);
  await stateOf(deps.store, name);
  const [from, to] = [Date.parse(since), Date.parse(until)];
  const group = `notifier.${name}`;
  let [events, complete] = [0, true];
  const byTopic = Map.groupBy(await firstOffsets(deps.store.db, name, since, until), ({ topic }) => topic);
  for (const [topic, places] of byTopic) {
    // What it has not come to yet will be sent anyway.
    const ended = await deps.log.committed(group, topic);
    const stretches = places.map(({ partition, offset }): Stretch => ({ partition, from: offset, to: ended.get(partition) ?? 0 }));
    const copied = await copyTo(
      deps.log,
      { topic, group, stretches, limit: MOST_EVENTS - events },
      ({ timestamp }) => timestamp >= from && timestamp < to,
    );
    events += copied.events;
    complete &&= copied.complete;
  }
  return { subscription: name, events, complete };
}

export async function redeliverOne(id: string, { contentType, body, query }: Asked, deps: SayDeps): Promise<SentAgain> {
  readQuery(noQuery, query);
  readBody(emptyBody, contentType, body);
  const found = await getDelivery(deps.store.db, id);
  if (found === undefined) throw notFound('delivery');
  const { subscription, topic, partition, offset, state } = found;
  if (state === 'pending') throw new Problem({ status: 409, detail: 'It has not ended yet: it is tried until it is delivered or refused.' });
  const stretches = [{ partition, from: offset, to: offset + 1 }];
  const { events } = await copyTo(deps.log, { topic, group: `notifier.${subscription}`, stretches, limit: 1 }, () => true);
  if (events === 0)
    throw new Problem({ status: 409, detail: 'The log holds the event no more, or it was itself a copy; look for its event among the deliveries.' });
  return { subscription, events, complete: true };
}

/** Puts back what the receiver refused, the oldest first, and what was refused too often not at all. */
export async function redriveAll(name: string, { contentType, body, query, actor }: Asked, deps: SayDeps): Promise<SentAgain> {
  readQuery(noQuery, query);
  const { since = new Date(0).toISOString() } = readBody(redriveBody, contentType, body);
  await stateOf(deps.store, name);
  const ids = await undrivenDeadLetters(deps.store.db, name, since, MOST_LETTERS + 1);
  let events = 0;
  for (const id of ids.slice(0, MOST_LETTERS)) {
    const letter = await getDeadLetter(deps.store.db, id);
    if (letter === undefined || refusalOf(letter) !== undefined) continue;
    if (await putBack(letter, actor, deps)) events++;
  }
  return { subscription: name, events, complete: ids.length <= MOST_LETTERS };
}

export async function redriveOne(id: string, { contentType, body, query, actor }: Asked, deps: SayDeps): Promise<SentAgain> {
  readQuery(noQuery, query);
  readBody(emptyBody, contentType, body);
  const letter = await getDeadLetter(deps.store.db, id);
  if (letter === undefined) throw notFound('dead letter');
  const refusal = refusalOf(letter);
  if (refusal !== undefined) throw new Problem({ status: 409, detail: refusal });
  if (!(await putBack(letter, actor, deps))) {
    const by = await getRedrive(deps.store.db, id);
    throw new Problem({
      status: 409,
      detail: `It was put back at ${by?.time ?? '?'} by ${by?.actor ?? '?'}; where it failed again it is a dead letter of its own.`,
    });
  }
  return { subscription: letter.component, events: 1, complete: true };
}

function refusalOf({ headers, value, key }: DeadLetterRow): string | undefined {
  const error = readDeadLetter({ key, value, headers });
  if (error?.stage !== 'deliver')
    return 'Only what a receiver refused can be put back; send other bytes to their source again, they are in the payload.';
  if (error.origin === undefined) return 'It does not say where it came from.';
  if (headers['tocsin.truncated'] !== undefined) return 'It was cut, because it was too large with the reason; the whole event is at its origin.';
  if (redrivesOf(headers) >= MOST_REDRIVES)
    return `It was refused ${MOST_REDRIVES + 1} times; look why, and redeliver the event when that is mended.`;
  return undefined;
}

/** False when it was put back before. */
async function putBack(letter: DeadLetterRow, actor: string, { store, log, now }: SayDeps): Promise<boolean> {
  const { origin, component } = readDeadLetter({ key: letter.key, value: letter.value, headers: letter.headers }) ?? {};
  if (origin === undefined || component === undefined) return false;
  if (!(await claimRedrive(store.db, letter.id, { time: new Date(now()).toISOString(), actor }))) return false;
  const own = Object.entries(undirected(letter.headers)).filter(([name]) => !name.startsWith(DEAD_LETTER_HEADER));
  const headers = { ...Object.fromEntries(own), [REDRIVEN]: String(redrivesOf(letter.headers) + 1) };
  const record: LogRecord = directed({ key: letter.key, value: letter.value, headers }, `notifier.${component}`, 'redrive');
  try {
    await appended(() => log.append(origin.topic, [record]));
    return true;
  } catch (error) {
    await releaseRedrive(store.db, letter.id);
    throw error;
  }
}

/** Who may write to the topic chooses the header: what is no number there is many. */
function redrivesOf(headers: Readonly<Record<string, string>>): number {
  const text = headers[REDRIVEN] ?? '0';
  return /^\d$/.test(text) ? Number(text) : MOST_REDRIVES;
}
