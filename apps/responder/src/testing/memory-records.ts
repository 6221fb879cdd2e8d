import type { Action, Incident, IncidentCommand } from '@tocsin/domain';
import type { ActionCounts, AuditEntry, CommandOutcome, Counted, ResponseControl } from '@tocsin/store';
import type { ActionRecord } from '../lifecycle/record.js';
import { subjectOf } from '../runner/settle.js';
import type { Records, RecordsTx } from '../runner/records.js';

interface Claimed {
  record: ActionRecord;
  owner?: string;
  until: number;
}

/**
 * What the store keeps, in memory: for the many runs of the model test. `records.conformance.ts` holds it and the real one to the same.
 * Records are never changed in place, so a transaction that fails puts back what there was.
 */
export class MemoryRecords {
  readonly rows = new Map<string, Claimed>();
  readonly published: Action[] = [];
  readonly said: IncidentCommand[] = [];
  readonly trail: AuditEntry[] = [];
  readonly incidents = new Map<string, Incident>();
  readonly #commands = new Set<string>();
  control: ResponseControl = { stopped: false, actor: 'tocsin', reason: '', time: '1970-01-01T00:00:00.000Z' };
  #last: Promise<unknown> = Promise.resolve();

  /** As one replica sees it. */
  of(owner: string, claimMs: number): Records {
    return {
      change: (work) => this.#exclusive(() => this.#transaction(owner, work)),
      claim: async ({ now, limit }) => this.#claim(owner, claimMs, now, limit),
      control: async () => this.control,
      get: async (id) => this.rows.get(id)?.record,
      incident: async (id) => this.incidents.get(id),
    };
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #transaction<T>(owner: string, work: (tx: RecordsTx) => Promise<T>): Promise<T> {
    const before = new Map(this.rows);
    const commands = new Set(this.#commands);
    const [published, said, trail] = [this.published.length, this.said.length, this.trail.length];
    try {
      return await work(this.#tx(owner));
    } catch (error) {
      this.rows.clear();
      for (const [id, row] of before) this.rows.set(id, row);
      this.#commands.clear();
      for (const id of commands) this.#commands.add(id);
      this.published.length = published;
      this.said.length = said;
      this.trail.length = trail;
      throw error;
    }
  }

  #claim(owner: string, claimMs: number, now: number, limit: number): ActionRecord[] {
    const due = [...this.rows.values()]
      .filter(({ record, until }) => record.dueAt !== null && Date.parse(record.dueAt) <= now && until <= now)
      .toSorted((a, b) => ((a.record.dueAt ?? '') < (b.record.dueAt ?? '') ? -1 : 1))
      .slice(0, limit);
    for (const { record } of due) this.rows.set(record.action.id, { record, owner, until: now + claimMs });
    return due.map(({ record }) => record);
  }

  #tx(owner: string): RecordsTx {
    return {
      control: this.control,
      insert: async (records) => {
        const added = records.filter(({ action }) => !this.rows.has(action.id));
        for (const record of added) this.rows.set(record.action.id, { record, until: 0 });
        return added;
      },
      get: async (id) => this.rows.get(id)?.record,
      about: async (subject) =>
        [...this.rows.values()]
          .map(({ record }) => record)
          .filter(({ action }) => subjectOf(action) === subject)
          .toSorted((a, b) => (a.action.id < b.action.id ? -1 : 1)),
      counts: async (counted, except) => this.#counts(counted, except),
      save: async (record) => void this.rows.set(record.action.id, { ...(this.rows.get(record.action.id) ?? { until: 0 }), record }),
      release: async (id) => {
        const row = this.rows.get(id);
        if (row?.owner === owner) this.rows.set(id, { record: row.record, until: 0 });
      },
      publish: async (records) => void this.published.push(...records.map(({ action }) => action)),
      command: async (command) => void this.said.push(command),
      audit: async (entries) => void this.trail.push(...entries),
      claimCommand: async ({ id }: CommandOutcome) => {
        const known = this.#commands.has(id);
        this.#commands.add(id);
        return !known;
      },
    };
  }

  #counts(counted: Counted, except: string): ActionCounts {
    const all = [...this.rows.values()].map(({ record }) => record).filter(({ action }) => action.id !== except);
    const scopeOf = ({ action }: ActionRecord) => action.plan?.scope;
    const clusterOf = (record: ActionRecord): string => scopeOf(record)?.cluster ?? record.action.cluster;
    const held = all.filter(({ holds }) => holds);
    const inCluster = held.filter((record) => clusterOf(record) === counted.cluster);
    const started = all.filter((record) => record.action.started_at !== undefined && clusterOf(record) === counted.cluster);
    const ofWorkload = inCluster.filter(
      (record) => record.disrupts && counted.workload !== undefined && scopeOf(record)?.workload?.uid === counted.workload,
    );
    const since = (record: ActionRecord, time: string): boolean => (record.action.started_at ?? '') >= time;
    return {
      policyHeld: held.filter(({ action }) => action.policy === counted.policy).length,
      clusterHeld: inCluster.length,
      namespaceStarted: started.filter(
        (record) =>
          record.action.policy === counted.policy && scopeOf(record)?.namespace === counted.namespace && since(record, counted.since.policy),
      ).length,
      clusterStarted: started.filter((record) => since(record, counted.since.cluster)).length,
      podsHeld: [...new Set(ofWorkload.flatMap((record) => scopeOf(record)?.pod?.uid ?? []))],
      onPod: (type) =>
        inCluster.filter((one) => one.action.type === type && counted.pod !== undefined && scopeOf(one)?.pod?.uid === counted.pod).length,
      onNode: (type) =>
        inCluster.filter((one) => one.action.type === type && counted.node !== undefined && scopeOf(one)?.node === counted.node).length,
    };
  }
}
