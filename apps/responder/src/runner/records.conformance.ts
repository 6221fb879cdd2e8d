import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Action, IncidentCommand } from '@tocsin/domain';
import type { ActionRecord } from '../lifecycle/record.js';
import type { Records } from './records.js';

export interface RecordsHarness {
  /** As one replica sees them; all of one harness share what is kept. */
  of(owner: string, claimMs: number): Records;
  /** Ids and versions that were published, in order. */
  published(): Promise<string[]>;
  /** Ids of the commands among what was published, in order. */
  said(): Promise<string[]>;
  /** Events on record, in order. */
  trail(): Promise<string[]>;
  close(): Promise<void>;
}

const START = Date.parse('2026-09-14T14:00:00.000Z');
const at = (seconds: number): string => new Date(START + seconds * 1_000).toISOString();

function record(id: string, parts: Partial<Action> = {}, rest: Partial<ActionRecord> = {}): ActionRecord {
  const scope = {
    cluster: 'prod',
    namespace: 'shop',
    node: 'n1',
    pod: { name: id, uid: `u-${id}` },
    workload: { kind: 'Deployment', name: 'web', uid: 'w1', replicas: 4 },
  };
  return {
    action: {
      schema: 1,
      id,
      version: 1,
      state: 'planned',
      policy: 'p',
      step: 's',
      type: 'quarantine',
      target: { type: 'pod', name: `shop/${id}` },
      cluster: 'prod',
      incident: 'i1',
      severity_id: 5,
      mode: 'auto',
      reason: 'r\u0000 \ud800 😀',
      time: at(0),
      created_at: at(0),
      plan: { summary: '', scope, changes: [], warnings: [], details: { nested: [1, { a: null }] } },
      ...parts,
    },
    work: {
      terms: { with: { x: 1 }, after: [], onFailure: 'stop', lease: 1, approvals: { required: 1, from: [], expireAfter: 1 }, limits: { window: 1 } },
      requestedBy: 'policy/p',
      attempts: 0,
    },
    holds: false,
    disrupts: false,
    dueAt: at(0),
    ...rest,
  };
}

/** What the runner builds on, on every kind of store. */
export function recordsSuite(name: string, open: () => Promise<RecordsHarness>): void {
  describe(name, () => {
    let harness: RecordsHarness;
    let mine: Records;
    let other: Records;
    beforeEach(async () => {
      harness = await open();
      mine = harness.of('mine', 60_000);
      other = harness.of('other', 60_000);
    });
    afterEach(() => harness.close());

    const insert = (...records: ActionRecord[]) => mine.change((tx) => tx.insert(records));
    const claimed = async (records: Records, seconds: number, limit = 10): Promise<string[]> =>
      (await records.claim({ now: START + seconds * 1_000, limit })).map(({ action }) => action.id);

    it('gives back what was put, and knows what it has', async () => {
      const one = record('a');
      expect((await insert(one)).map(({ action }) => action.id)).toEqual(['a']);
      expect((await insert(record('a', { reason: 'other' }), record('b'))).map(({ action }) => action.id)).toEqual(['b']);
      expect(await mine.get('a')).toEqual(one);
      expect(await mine.get('c')).toBeUndefined();
    });

    it('gives what is due to one owner at a time, the longest waiting first', async () => {
      await insert(
        record('late', {}, { dueAt: at(5) }),
        record('early', {}, { dueAt: at(1) }),
        record('later', {}, { dueAt: at(90) }),
        record('never', {}, { dueAt: null }),
      );
      expect(await claimed(mine, 10, 1)).toEqual(['early']);
      expect(await claimed(other, 10)).toEqual(['late']);
      expect(await claimed(other, 10)).toEqual([]);
      // The first claim is over by then, and the one of the other is not.
      expect(await claimed(other, 70)).toEqual(['early', 'late']);
    });

    it('keeps a claim when a record is saved, and frees it for its owner only', async () => {
      await insert(record('a'));
      await claimed(mine, 1);
      await other.change(async (tx) => {
        await tx.save(record('a', { version: 2 }, { dueAt: at(0) }));
        await tx.release('a');
      });
      expect(await claimed(other, 2)).toEqual([]);
      await mine.change((tx) => tx.release('a'));
      expect(await claimed(other, 2)).toEqual(['a']);
      expect((await mine.get('a'))?.action.version).toBe(2);
    });

    it('says nothing to the correlator that a change did not keep', async () => {
      const command = (id: string): IncidentCommand => {
        const about = { target: 'incident', incident: 'i1', actor: 'tocsin', time: at(0) } as const;
        return { schema: 1, id, ...about, type: 'contain', order: 1, comment: 'quarantine' };
      };
      await mine.change((tx) => tx.command(command('x')));
      const failed = mine.change(async (tx) => {
        await tx.command(command('y'));
        throw new Error('It was cut.');
      });
      await expect(failed).rejects.toThrow('It was cut.');
      await mine.change((tx) => tx.command(command('z')));
      expect(await harness.said()).toEqual(['x', 'z']);
    });

    it('lists what is about one subject', async () => {
      await insert(record('b'), record('a'), record('x', { incident: 'i2' }));
      const found = await mine.change((tx) => tx.about('i1'));
      expect(found.map(({ action }) => action.id)).toEqual(['a', 'b']);
    });

    it('counts what stands and what began', async () => {
      const standing = { holds: true, disrupts: true };
      await insert(
        record('a', { started_at: at(10) }, standing),
        record('b', { started_at: at(20), type: 'capture' }, { holds: true }),
        record('c', { started_at: at(20), policy: 'q' }, standing),
        record('over', { started_at: at(30) }),
        record('before', { started_at: at(1) }),
        record('self', { started_at: at(30) }, standing),
      );
      const counted = {
        policy: 'p',
        cluster: 'prod',
        namespace: 'shop',
        workload: 'w1',
        pod: 'u-b',
        node: 'n1',
        since: { policy: at(10), cluster: at(20) },
      };
      const counts = await mine.change((tx) => tx.counts(counted, 'self'));
      expect({ ...counts, onPod: counts.onPod('capture'), onNode: counts.onNode('quarantine') }).toEqual({
        policyHeld: 2,
        clusterHeld: 3,
        namespaceStarted: 3,
        clusterStarted: 3,
        podsHeld: expect.arrayContaining(['u-a', 'u-c']),
        onPod: 1,
        onNode: 2,
      });
      expect(counts.podsHeld).toHaveLength(2);
      const elsewhere = await mine.change((tx) =>
        tx.counts({ ...counted, cluster: 'other', policy: 'none', namespace: undefined, workload: undefined }, ''),
      );
      expect(elsewhere).toMatchObject({ policyHeld: 0, clusterHeld: 0, namespaceStarted: 0, clusterStarted: 0, podsHeld: [] });
    });

    it('publishes and records in order, once, and nothing of what failed', async () => {
      const entry = (event: string) => ({ time: at(0), actor: 'ann', event, subject: 'a', detail: { why: 'x' } });
      await mine.change(async (tx) => {
        await tx.insert([record('a')]);
        await tx.publish([record('a'), record('a', { version: 2 })]);
        await tx.audit([entry('first'), entry('second')]);
      });
      const failed = mine.change(async (tx) => {
        await tx.insert([record('b')]);
        await tx.publish([record('b')]);
        await tx.audit([entry('lost')]);
        await tx.claimCommand({ id: 'c', target: 'action', targetId: 'b', time: at(0), outcome: 'applied', message: '' });
        throw new Error('in the middle');
      });
      await expect(failed).rejects.toThrow('in the middle');
      await mine.change((tx) => tx.audit([entry('third')]));
      expect(await harness.published()).toEqual(['a/1', 'a/2']);
      expect(await harness.trail()).toEqual(['first', 'second', 'third']);
      expect(await mine.get('b')).toBeUndefined();
      const claim = () =>
        mine.change((tx) => tx.claimCommand({ id: 'c', target: 'action', targetId: 'b', time: at(0), outcome: 'applied', message: '' }));
      expect([await claim(), await claim()]).toEqual([true, false]);
    });

    it('makes changes one after another', async () => {
      await insert(record('a', { version: 1 }));
      await Promise.all(
        Array.from({ length: 10 }, async (_, index) =>
          (index % 2 === 0 ? mine : other).change(async (tx) => {
            const found = await tx.get('a');
            await tx.audit([{ time: at(0), actor: 'x', event: `e${index}`, subject: 'a', detail: {} }]);
            await tx.save(record('a', { version: (found?.action.version ?? 0) + 1 }));
          }),
        ),
      );
      expect((await mine.get('a'))?.action.version).toBe(11);
      expect(await harness.trail()).toHaveLength(10);
    });
  });
}
