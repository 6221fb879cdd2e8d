import { actionKey } from '@tocsin/domain';
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
  updateAction,
  type Queryable,
  type Store,
} from '@tocsin/store';
import type { ActionRecord, Work } from '../lifecycle/record.js';
import type { Records, RecordsTx } from './records.js';

/** Whose records in the outbox are the responder's. */
export const OUTBOX_OWNER = 'responder';

/** `owner` is this process; a claim it does not give back is free after `claimMs`. */
export function sqlRecords(store: Store, owner: string, claimMs: number): Records {
  return {
    change: (work) =>
      store.transaction(async (tx) => {
        const control = await lockControl(tx);
        return work(sqlTx(tx, control));
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

function sqlTx(tx: Queryable, control: RecordsTx['control']): RecordsTx {
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
    async publish({ action }: ActionRecord) {
      const attributes = { id: `${action.id}/${action.version}`, type: EventType.Action, source: '/tocsin/responder', time: action.time };
      const { key, value, headers } = encodeEvent(actionKey(action), attributes, action);
      await putOutbox(tx, OUTBOX_OWNER, [{ topic: Topic.Actions, key, value, headers }]);
    },
    audit: (entry) => appendAudit(tx, [entry]),
    claimCommand: (outcome) => claimCommand(tx, outcome),
  };
}
