import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { violationKey } from '@tocsin/domain';
import { EventType, Topic, type EventLog } from '@tocsin/event-log';
import { takeOutbox } from '@tocsin/store';
import { START, Stage, at, outcome, rule, ruleSet } from './testing.js';
import type { RuleDefinition } from './rule.js';

const shells = rule('shells', { filter: 'violation.name == "shell"' });
const burst = rule('burst', { kind: 'event_count', kindConfig: { timespan: '1m', condition: { gte: 3 } } });
const byUser = rule('by-user', {
  kind: 'event_count',
  kindConfig: { timespan: '1m', condition: { gte: 4 } },
  groupBy: ['cluster', 'user.name'],
  filter: 'has(violation.user)',
});

describe('correlator', () => {
  const stage = new Stage();
  beforeEach(() => stage.open(4));
  afterEach(() => stage.close());

  const start = (rules: RuleDefinition[], log?: EventLog) => {
    const set = ruleSet(...rules);
    return stage.start(() => set, log === undefined ? {} : { log });
  };

  it('opens an incident that says what it holds and why', async () => {
    await start([shells]);
    const violation = at(1, { name: 'shell', pod: { name: 'web-1' }, attacks: [{ tactic: 'execution', technique: 'T1059' }] });
    await stage.push(violation, at(2, { name: 'other' }));
    const [incident, ...others] = await stage.incidents();
    expect(others).toEqual([]);
    expect(incident).toMatchObject({
      version: 1,
      status: 'open',
      title: 'shells (shop/web)',
      reason: '1 violation matched rule "shells", and one match is enough.',
      count: 1,
      first_seen: violation.time,
      violations: [{ id: violation.id, time: violation.time }],
      attacks: [{ tactic: 'execution', technique: 'T1059' }],
      entities: [
        { type: 'pod', name: 'shop/web-1' },
        { type: 'workload', name: 'shop/web' },
      ],
    });
  });

  it('absorbs repeats of a group, and tells those that come at once together', async () => {
    let now = START;
    const set = ruleSet(shells);
    const { correlator } = await stage.start(() => set, { now: () => now });
    for (let n = 0; n < 5; n++) {
      await stage.push(at(n, { name: 'shell' }));
      await stage.caughtUp();
    }
    expect(await stage.incidents()).toMatchObject([{ count: 5, version: 5 }]);
    expect((await stage.told()).map(({ version, change }) => [version, change])).toEqual([[1, 'opened']]);
    now += 9_999;
    await correlator.tend();
    expect(await stage.told()).toHaveLength(1);
    now += 1;
    await correlator.tend();
    await correlator.tend();
    expect((await stage.told()).map(({ version, change }) => [version, change])).toEqual([
      [1, 'opened'],
      [5, 'updated'],
    ]);
  });

  it('counts a violation that lies on the log twice once', async () => {
    await start([shells, burst]);
    await stage.push(at(1, { name: 'shell' }), at(1, { name: 'shell' }), at(2, { name: 'x' }));
    await stage.push(at(1, { name: 'shell' }));
    expect((await stage.incidents()).map(({ rule: { name }, count }) => [name, count])).toEqual([['shells', 1]]);
  });

  it('counts a group across partitions', async () => {
    await start([byUser]);
    await stage.push(...Array.from({ length: 8 }, (_, n) => at(n, { workload: { namespace: 'shop', name: `w${n}` }, user: { name: 'eve' } })));
    expect((await stage.incidents()).map(({ count, group }) => [count, group])).toEqual([[8, { cluster: 'test', 'user.name': 'eve' }]]);
  });

  it('goes on after a restart as if nothing had happened', async () => {
    const first = await start([shells, burst, byUser]);
    const story = Array.from({ length: 60 }, (_, n) =>
      at(n, { name: n % 3 === 0 ? 'shell' : 'x', workload: { namespace: 'shop', name: `w${n % 5}` }, user: { name: `u${n % 2}` } }),
    );
    await stage.push(...story.slice(0, 31));
    await stage.caughtUp();
    await first.stop();
    await stage.push(...story.slice(31));
    await start([shells, burst, byUser]);
    const interrupted = await stage.incidents();
    await stage.close();
    await stage.open(1);
    await start([shells, burst, byUser]);
    await stage.push(...story);
    expect((await stage.incidents()).map(outcome)).toEqual(interrupted.map(outcome));
  });

  it('neither loses nor repeats when appending the changes fails', async () => {
    let failures = 3;
    const flaky: EventLog = Object.assign(Object.create(stage.log) as EventLog, {
      append: (topic: string, records: never) =>
        topic === Topic.Incidents && failures-- > 0 ? Promise.reject(new Error('away')) : stage.log.append(topic, records),
    });
    await start([shells], flaky);
    await stage.push(at(1, { name: 'shell' }), at(2, { name: 'shell' }));
    const [incident] = await stage.incidents();
    expect(incident).toMatchObject({ count: 2 });
    expect((await stage.told()).at(-1)).toMatchObject({ count: 2 });
    expect(await takeOutbox(stage.store.db, `${Topic.Violations}/0`, 10)).toEqual([]);
  });

  it('puts what it cannot read to the dead letters and goes on', async () => {
    await start([shells]);
    const violation = at(1, { name: 'shell' });
    await stage.log.append(Topic.Violations, [
      { key: violationKey(violation), value: Buffer.from('{'), headers: { ce_type: EventType.Violation, ce_id: 'broken' } },
    ]);
    await stage.push(violation);
    expect(await stage.incidents()).toHaveLength(1);
    expect((await stage.log.offsets(Topic.DeadLetters)).reduce((sum, { end }) => sum + end, 0)).toBe(1);
  });
});
