import { afterEach, describe, expect, it } from '@jest/globals';
import type { Violation } from '@tocsin/domain';
import { incidentViolations } from '@tocsin/store';
import fc from 'fast-check';
import { at, outcome, rule, ruleSet, Stage } from './testing.js';

const named = (name: string) => `violation.name == "${name}"`;

/** Each rule kind, by the log's key and by something else, alone and chained. */
const RULES = ruleSet(
  rule('shells', { filter: named('shell'), escalate: [{ to: 5, when: 'incident.count >= 4' }] }),
  rule('egresses', { filter: named('egress'), generate: false }),
  rule('burst', { kind: 'event_count', kindConfig: { timespan: '1m', condition: { gte: 4 } } }),
  rule('by-user', { kind: 'event_count', kindConfig: { timespan: '2m', condition: { gte: 5 } }, groupBy: ['cluster', 'user.name'] }),
  rule('spread', {
    kind: 'value_count',
    kindConfig: { timespan: '2m', condition: { field: 'workload.name', gte: 3 } },
    groupBy: ['user.name'],
  }),
  rule('both', { kind: 'temporal', rules: ['shells', 'egresses'], kindConfig: { timespan: '1m', rules: ['shells', 'egresses'] } }),
  rule('in-order', {
    kind: 'temporal_ordered',
    rules: ['shells', 'egresses'],
    kindConfig: { timespan: '2m', rules: ['shells', 'egresses'] },
    groupBy: ['actor'],
    aliases: { actor: { shells: 'user.name', egresses: 'user.name' } },
  }),
  rule('risky', {
    kind: 'risk',
    rules: ['shells', 'burst', 'spread'],
    kindConfig: { timespan: '5m', halfLife: '2m', condition: { gte: 40 }, rules: ['shells', 'burst', 'spread'], scores: { shells: 10, burst: 8 } },
    groupBy: ['user.name'],
  }),
);

/** Few names and times, so that groups and windows collide; hosts have no workload. */
const violation = fc
  .record({
    second: fc.nat({ max: 240 }),
    name: fc.constantFrom('shell', 'egress', 'other'),
    workload: fc.constantFrom('web', 'api', 'db', undefined),
    user: fc.constantFrom('eve', 'mallory'),
    delay: fc.nat({ max: 200 }),
  })
  .map(({ second, name, workload, user, delay }) => ({
    arrives: second + delay,
    violation: at(second, {
      name,
      user: { name: user },
      workload: workload === undefined ? {} : { namespace: 'shop', name: workload },
      ...(workload === undefined && { node: { name: `node-${user}` } }),
    }),
  }));

/** In an order within grace. A violation of the same content is the same violation. */
const story = fc
  .uniqueArray(violation, { minLength: 10, maxLength: 60, selector: (one) => one.violation.id })
  .map((list) => list.toSorted((a, b) => a.arrives - b.arrives).map((one) => one.violation));

interface Run {
  partitions: number;
  replicas: number;
  batch: number;
  /** After how many violations everything is stopped and started again. */
  restartAfter: number[];
}

const run = fc.record({
  partitions: fc.constantFrom(1, 2, 7),
  replicas: fc.constantFrom(1, 3),
  batch: fc.constantFrom(1, 5, 100),
  restartAfter: fc.uniqueArray(fc.nat({ max: 50 }), { maxLength: 3 }),
});

describe('incidents', () => {
  let stage: Stage | undefined;
  afterEach(() => stage?.close());

  async function play(violations: readonly Violation[], { partitions, replicas, batch, restartAfter }: Run): Promise<unknown[]> {
    const current = (stage = new Stage());
    await current.open(partitions);
    const start = async () => Promise.all(Array.from({ length: replicas }, () => current.start(() => RULES, { maxBatchRecords: batch })));
    let running = await start();
    for (const [index, one] of violations.entries()) {
      if (restartAfter.includes(index)) {
        await Promise.all(running.map((replica) => replica.stop()));
        running = await start();
      }
      await current.push(one);
    }
    const incidents = await current.incidents();
    const trails = await Promise.all(
      incidents.map(async ({ id }) => (await incidentViolations(current.store.db, id, { limit: 500 })).items.map((entry) => [entry.id, entry.rule])),
    );
    await current.close();
    stage = undefined;
    return incidents.map((incident, index) => [outcome(incident), trails[index]]);
  }

  it('are the same, with the same trails, on any partitions, replicas and batches, through restarts at any place', async () => {
    let opened = 0;
    await fc.assert(
      fc.asyncProperty(story, run, async (violations, how) => {
        const plain = await play(violations, { partitions: 1, replicas: 1, batch: 100, restartAfter: [] });
        opened += plain.length;
        expect(await play(violations, how)).toEqual(plain);
      }),
      { numRuns: Number(process.env['EQUIVALENCE_RUNS'] ?? 40) },
    );
    expect(opened).toBeGreaterThan(30);
  }, 600_000);

  it('are the same in any order within grace, and when everything is replayed', async () => {
    await fc.assert(
      fc.asyncProperty(story, fc.infiniteStream(fc.nat({ max: 240 })), async (violations, delays) => {
        const how = { partitions: 3, replicas: 1, batch: 5, restartAfter: [] };
        const plain = await play(violations, how);
        const shuffled = violations
          .map((one) => ({ one, arrives: Date.parse(one.time) / 1000 + (delays.next().value as number) }))
          .toSorted((a, b) => a.arrives - b.arrives)
          .map(({ one }) => one);
        expect(await play([...shuffled, ...violations], how)).toEqual(plain);
      }),
      { numRuns: Number(process.env['EQUIVALENCE_RUNS'] ?? 40) },
    );
  }, 600_000);
});
