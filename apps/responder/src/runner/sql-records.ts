import { actionKey, type Action, type IncidentCommand } from '@tocsin/domain';
import { EventType, Topic, encodeEvent } from '@tocsin/event-log';
import {
  actionsOf,
  appendAudit,
  claimActions,
  claimCommand,
  countActions,
  getAction,
  getIncidents,
  insertActions,
  lockControl,
  putOutbox,
  readControl,
  releaseAction,
  updateAction,
  type OutboxRecord,
  type Queryable,
  type Store,
} from '@tocsin/store';
import type { Work } from '../lifecycle/record.js';
import type { Records, RecordsTx } from './records.js';

/** Whose records in the outbox are the responder's. */
export const OUTBOX_OWNER = 'responder';

/** `owner` is this process; a claim it does not give back is free after `claimMs`. */
export function sqlRecords(store: Store, owner: string, claimMs: number): Records {
  return {
    change: (work) =>
      store.transaction(async (tx) => {
        const control = await lockControl(tx);
        return work(sqlTx(tx, control, owner));
      }),
    claim: ({ now, limit }) => {
      const claim = { owner, now: new Date(now).toISOString(), until: new Date(now + claimMs).toISOString(), limit };
      return store.transaction((tx) => claimActions<Work>(tx, claim));
    },
    control: () => readControl(store.db),
    get: (id) => getAction<Work>(store.db, id),
    incident: async (id) => (await getIncidents(store.db, [id])).get(id),
  };
}

function sqlTx(tx: Queryable, control: RecordsTx['control'], owner: string): RecordsTx {
  return {
    control,
    async insert(records) {
      const added = await insertActions(tx, records);
      return records.filter(({ action }) => added.has(action.id));
    },
    get: (id) => getAction<Work>(tx, id),
    about: (subject) => actionsOf<Work>(tx, subject),
    counts: (counted, except) => countActions(tx, counted, except),
    save: (record) => updateAction(tx, record),
    release: (id) => releaseAction(tx, id, owner),
    publish: (records) =>
      putOutbox(
        tx,
        OUTBOX_OWNER,
        records.map(({ action }) => recordOf(action)),
      ),
    command: (command) => putOutbox(tx, OUTBOX_OWNER, [commandRecord(command)]),
    audit: (entries) => appendAudit(tx, entries),
    claimCommand: (outcome) => claimCommand(tx, outcome),
  };
}

function commandRecord(command: IncidentCommand): OutboxRecord {
  const { id, incident, time } = command;
  return { topic: Topic.Commands, ...encodeEvent(incident, { id, type: EventType.Command, source: '/tocsin/responder', time }, command) };
}

function recordOf(action: Action): OutboxRecord {
  const attributes = { id: `${action.id}/${action.version}`, type: EventType.Action, source: '/tocsin/responder', time: action.time };
  return { topic: Topic.Actions, ...encodeEvent(actionKey(action), attributes, action) };
}
