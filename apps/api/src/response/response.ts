import { isFinal, type Action, type ActionCommand, type ActionCommandType, type ActionState, type Artefact } from '@tocsin/domain';
import { EventType, encodeEvent, type EventLog } from '@tocsin/event-log';
import { EvidenceDamaged, type Evidence } from '@tocsin/evidence';
import { Problem } from '@tocsin/runtime/nest';
import {
  appendAudit,
  artefactsOf,
  auditRecords,
  getAction,
  getArtefact,
  getCommand,
  listActions,
  lockControl,
  readControl,
  verifyAudit,
  writeControl,
  type ResponseControl,
  type Store,
} from '@tocsin/store';
import { appendCommand, idOf } from '../commands/say.js';
import { notFound } from '../http/answer.js';
import { readBody } from '../http/body.js';
import { showPage, type PageBody } from '../http/pages.js';
import { BadParameters, actionsQuery, artefactsQuery, auditQuery, noQuery, readQuery } from '../http/query.js';
import { actionBodies, reasonBody } from '../resources/action.js';
import type { CommandBody } from '../resources/command.js';

export interface ResponseDeps {
  store: Store;
  log: EventLog;
  evidence: Evidence;
  now(): number;
}

/** Whoever asks, and what they send. */
export interface Asked {
  contentType: string | undefined;
  body: unknown;
  query: unknown;
  actor: string;
  /** Of who asks; approvals may be asked of a team. */
  teams?: readonly string[];
}

export async function readActions({ store }: ResponseDeps, query: unknown): Promise<PageBody<Action>> {
  const { limit, cursor, state, incident, violation, ...filter } = readQuery(actionsQuery, query);
  const states = state === undefined ? undefined : [state as ActionState];
  return showPage(await listActions(store.db, { ...filter, state: states, subject: incident ?? violation }, { limit, cursor }), (action) => action);
}

export async function readAction({ store }: ResponseDeps, id: string, query: unknown): Promise<Action> {
  readQuery(noQuery, query);
  return actionOf(store, id);
}

async function actionOf(store: Store, id: string): Promise<Action> {
  const found = await getAction(store.db, id);
  if (found === undefined) throw notFound('action');
  return found.action;
}

/** Takes a command about an action; the responder has the last word. */
export async function sayAction(
  id: string,
  type: ActionCommandType,
  key: string | undefined,
  { contentType, body, query, actor, teams = [] }: Asked,
  deps: ResponseDeps,
): Promise<CommandBody> {
  readQuery(noQuery, query);
  const fields = readBody(actionBodies[type], contentType, body);
  const said = idOf({ target: id, key });
  const before = await getCommand(deps.store.db, said);
  if (before !== undefined) return { id: said, action: id, state: before.outcome };
  const action = await actionOf(deps.store, id);
  if (isFinal(action.state)) throw new Problem({ status: 409, detail: `The action is over: ${action.state}.` });
  if ('plan_hash' in fields && fields.plan_hash !== action.plan_hash) {
    throw new Problem({ status: 409, detail: 'The plan is another one by now; look at it again, and approve that.' });
  }
  const time = new Date(deps.now()).toISOString();
  const command = {
    ...fields,
    type,
    schema: 1,
    id: said,
    target: 'action',
    action: id,
    actor,
    ...(teams.length > 0 && { teams }),
    time,
  } as ActionCommand;
  await appendCommand(deps.log, encodeEvent(id, { id: said, type: EventType.Command, source: '/tocsin/api', time }, command));
  return { id: said, action: id, state: 'pending' };
}

export async function readSwitch({ store }: ResponseDeps, query: unknown): Promise<ResponseControl> {
  readQuery(noQuery, query);
  return readControl(store.db);
}

/** Sets the kill switch in the store itself: it works while the log is away, and before the next action begins. */
export async function setSwitch(
  stopped: boolean,
  { contentType, body, query, actor }: Asked,
  { store, now }: ResponseDeps,
): Promise<ResponseControl> {
  readQuery(noQuery, query);
  const { reason } = readBody(reasonBody, contentType, body);
  const control = { stopped, actor, reason, time: new Date(now()).toISOString() };
  await store.transaction(async (tx) => {
    await lockControl(tx);
    await writeControl(tx, control);
    const { time } = control;
    await appendAudit(tx, [{ time, actor, event: stopped ? 'response.stopped' : 'response.resumed', subject: 'response', detail: { reason } }]);
  });
  return control;
}

export async function readArtefacts({ store }: ResponseDeps, query: unknown): Promise<{ items: Artefact[] }> {
  const { action, incident } = readQuery(artefactsQuery, query);
  if (action !== undefined) return { items: await artefactsOf(store.db, { action }) };
  if (incident !== undefined) return { items: await artefactsOf(store.db, { incident }) };
  throw new BadParameters([{ parameter: 'incident', detail: 'is missing; name an incident or an action' }]);
}

export async function readArtefact({ store }: ResponseDeps, id: string, query: unknown): Promise<Artefact> {
  readQuery(noQuery, query);
  const artefact = await getArtefact(store.db, id);
  if (artefact === undefined) throw notFound('evidence');
  return artefact;
}

export async function download({ evidence }: ResponseDeps, id: string, { query, actor }: Asked): Promise<{ artefact: Artefact; bytes: Buffer }> {
  readQuery(noQuery, query);
  try {
    const found = await evidence.read(id, actor);
    if (found === undefined) throw notFound('evidence');
    return found;
  } catch (error) {
    if (error instanceof EvidenceDamaged) throw new Problem({ status: 410, detail: error.message });
    throw error;
  }
}

export async function hold(id: string, on: boolean, { contentType, body, query, actor }: Asked, deps: ResponseDeps): Promise<Artefact> {
  readQuery(noQuery, query);
  const { reason } = readBody(reasonBody, contentType, body);
  if (!(await deps.evidence.hold(id, actor, reason, on))) throw notFound('evidence');
  return readArtefact(deps, id, {});
}

export async function readAudit({ store }: ResponseDeps, query: unknown): Promise<{ items: unknown[] }> {
  const { after, limit, subject } = readQuery(auditQuery, query);
  const records = await auditRecords(store.db, { after, limit, ...(subject !== undefined && { subject }) });
  return { items: records.map(({ previousHash, ...record }) => ({ ...record, previous_hash: previousHash })) };
}

export async function checkAudit({ store }: ResponseDeps, query: unknown): Promise<object> {
  readQuery(noQuery, query);
  const verdict = await verifyAudit(store.db);
  return verdict.ok ? { ok: true, records: verdict.records, last_hash: verdict.lastHash } : verdict;
}
