// What the store holds of what rules came to, whatever happens to who counts.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Topic, type EventLog } from '@tocsin/event-log';
import { sumRuleHits } from '@tocsin/store';
import { START, Stage, at, rule, ruleSet } from './testing.js';

const shells = rule('shells', { filter: 'violation.name == "shell"' });
const byUser = rule('by-user', {
  kind: 'event_count',
  kindConfig: { timespan: '1m', condition: { gte: 4 } },
  groupBy: ['cluster', 'user.name'],
  filter: 'has(violation.user)',
});
/** Matches, but never opens an incident here, so that nothing but its matches is to be written. */
const never = rule('never', { kind: 'event_count', kindConfig: { timespan: '1m', condition: { gte: 1000 } }, groupBy: ['cluster'] });

describe('what rules came to', () => {
  const stage = new Stage();
  beforeEach(() => stage.open(4));
  afterEach(() => stage.close());

  const counts = async (): Promise<Record<string, object>> =>
    Object.fromEntries(
      (await sumRuleHits(stage.store.db)).map(({ rule: name, matches, signals, incidents, evicted }) => [
        name,
        { matches, signals, incidents, evicted },
      ]),
    );
  const story = Array.from({ length: 60 }, (_, n) =>
    at(n, { name: n % 3 === 0 ? 'shell' : 'x', workload: { namespace: 'shop', name: `w${n % 5}` }, user: { name: `u${n % 2}` } }),
  );
  const all = {
    'by-user': { matches: 60, signals: 60, incidents: 2, evicted: 0 },
    shells: { matches: 20, signals: 0, incidents: 5, evicted: 0 },
  };

  it('is matches, signals and incidents, and when it last matched', async () => {
    const set = ruleSet(shells, byUser);
    const { correlator } = await stage.start(() => set, { now: () => START });
    await stage.push(...story);
    await stage.caughtUp();
    await correlator.tend();
    expect(await counts()).toEqual(all);
    const time = new Date(START).toISOString();
    expect(await sumRuleHits(stage.store.db)).toEqual(
      expect.arrayContaining([expect.objectContaining({ rule: 'shells', lastMatchAt: time, since: time })]),
    );
  });

  it('is exact when replicas come and go', async () => {
    const set = ruleSet(shells, byUser);
    const first = await stage.start(() => set);
    await stage.push(...story.slice(0, 31));
    await stage.caughtUp();
    await first.stop();
    await stage.push(...story.slice(31));
    const { correlator } = await stage.start(() => set);
    await stage.caughtUp();
    await correlator.tend();
    expect(await counts()).toEqual(all);
  });

  it('is exact when what was counted could not be kept', async () => {
    let failures = 3;
    const flaky: EventLog = Object.assign(Object.create(stage.log) as EventLog, {
      append: (topic: string, records: never) =>
        topic === Topic.Signals && failures-- > 0 ? Promise.reject(new Error('away')) : stage.log.append(topic, records),
    });
    const set = ruleSet(shells, byUser);
    const { correlator } = await stage.start(() => set, { log: flaky });
    await stage.push(...story);
    await stage.caughtUp();
    await correlator.tend();
    expect(failures).toBeLessThan(0);
    expect(await counts()).toEqual(all);
  });

  it('is written soon when matches come to nothing', async () => {
    const set = ruleSet(never);
    const { correlator } = await stage.start(() => set);
    await stage.push(at(1), at(2));
    await stage.caughtUp();
    await correlator.tend();
    expect(await counts()).toEqual({ never: { matches: 2, signals: 2, incidents: 0, evicted: 0 } });
  });

  it('has what was given up for want of room', async () => {
    const set = ruleSet(
      rule('by-pod', { kind: 'event_count', kindConfig: { timespan: '1h', condition: { gte: 9 } }, groupBy: ['cluster', 'pod.name'] }),
    );
    const { correlator } = await stage.start(() => set);
    await stage.push(...Array.from({ length: 5_000 }, (_, n) => at(0, { name: `n${n}`, pod: { name: `p${n}` } })));
    await stage.caughtUp();
    await correlator.tend();
    const { evicted } = (await counts())['by-pod'] as { evicted: number };
    // 1,000 groups of each of four partitions are kept; of the violations of our own that tell of it, each is in a group, too.
    expect(evicted).toBeGreaterThanOrEqual(1_000);
  });
});
