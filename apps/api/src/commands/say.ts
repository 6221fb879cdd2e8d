import { randomUUID } from 'node:crypto';
import { commandId, type Incident, type IncidentCommand, type IncidentCommandBody, type IncidentCommandType } from '@tocsin/domain';
import { EventType, Topic, encodeEvent, type EventLog, type LogRecord } from '@tocsin/event-log';
import { Problem } from '@tocsin/runtime/nest';
import { getCommand, getIncidents, type Store } from '@tocsin/store';
import { notFound } from '../http/answer.js';
import { readBody } from '../http/body.js';
import { BadParameters, noQuery, readQuery } from '../http/query.js';
import { commandBodies, type CommandBody } from '../resources/command.js';

export interface SayDeps {
  store: Store;
  log: EventLog;
  now(): number;
}

export interface Said {
  incident: string;
  type: IncidentCommandType;
  contentType: string | undefined;
  body: unknown;
  query: unknown;
  /** `Idempotency-Key`. */
  key: string | undefined;
  actor: string;
}

const RETRY_AFTER_S = 5;

/**
 * Takes a command about an incident. Once this resolves the command is durable, and will be applied or refused. What makes
 * no sense as the incident stands is refused at once; the correlator has the last word.
 */
export async function say(said: Said, deps: SayDeps): Promise<CommandBody> {
  readQuery(noQuery, said.query);
  const fields = readBody(commandBodies[said.type], said.contentType, said.body);
  const body = { type: said.type, ...fields } as IncidentCommandBody;
  const id = idOf({ target: said.incident, key: said.key });
  const before = await getCommand(deps.store.db, id);
  // Said again: it has had its effect.
  if (before !== undefined) return { id, incident: said.incident, state: before.outcome };
  await check(body, said.incident, deps);
  const time = new Date(deps.now()).toISOString();
  const command: IncidentCommand = { ...body, schema: 1, id, target: 'incident', incident: said.incident, actor: said.actor, time };
  await appendCommand(deps.log, encodeEvent(said.incident, { id, type: EventType.Command, source: '/tocsin/api', time }, command));
  return { id, incident: said.incident, state: 'pending' };
}

/** Resolves when the command is durable. Throws a `Problem` to try again when it may not be. */
export async function appendCommand(log: EventLog, record: LogRecord): Promise<void> {
  try {
    await log.append(Topic.Commands, [record]);
  } catch (cause) {
    throw new Problem(
      { status: 503, detail: `The command was not taken (${cause instanceof Error ? cause.message : String(cause)}); try again soon.` },
      { 'retry-after': String(RETRY_AFTER_S) },
    );
  }
}

/** What came of a command; undefined ones may not have been looked at yet. */
export async function readCommand({ store }: SayDeps, id: string, query: unknown): Promise<CommandBody> {
  readQuery(noQuery, query);
  const found = await getCommand(store.db, id);
  if (found === undefined) throw notFound('command');
  return { id, [found.target]: found.targetId, state: found.outcome, ...(found.message !== '' && { reason: found.message }) };
}

/** The command's id, of the caller's key when there is one. */
export function idOf({ target, key }: { target: string; key: string | undefined }): string {
  if (key === undefined) return randomUUID();
  if (/^[\x21-\x7e]{1,128}$/.test(key)) return commandId(target, key);
  throw new BadParameters([{ parameter: 'Idempotency-Key', detail: 'expected 1 to 128 visible ASCII characters' }]);
}

async function check(body: IncidentCommandBody, id: string, { store }: SayDeps): Promise<void> {
  const into = body.type === 'merge' ? body.into : undefined;
  const found = await getIncidents(store.db, into === undefined ? [id] : [id, into]);
  const incident = found.get(id);
  if (incident === undefined) throw notFound('incident');
  const refusal = refusalOf(body, incident, into === undefined ? undefined : found.get(into));
  if (refusal !== undefined) throw new Problem({ status: 409, detail: refusal });
}

function refusalOf({ type }: IncidentCommandBody, { id, status, acknowledged_by: by }: Incident, into: Incident | undefined): string | undefined {
  const taken = status === 'contained' ? by !== undefined : status !== 'open';
  if (type === 'acknowledge' && taken)
    return `The incident is ${status}${by === undefined ? '' : `, and ${by} acknowledged it`}; only one that nobody has taken up can be acknowledged.`;
  if (type === 'resolve' && status === 'resolved') return 'The incident is resolved.';
  if (type === 'reopen' && status !== 'resolved') return `The incident is ${status}; only a resolved one can be reopened.`;
  if (type !== 'merge') return undefined;
  if (into === undefined) return 'There is no incident to merge it into.';
  if (into.id === id) return 'An incident cannot be merged into itself.';
  return [status, into.status].includes('resolved') ? 'A resolved incident can neither be merged nor take another in.' : undefined;
}
