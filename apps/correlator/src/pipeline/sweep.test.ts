import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { Silence } from '@tocsin/domain';
import { getIncidents, mutedIncidents, putSilence, upsertIncidents } from '@tocsin/store';
import { buildIncident } from '@tocsin/testing';
import { MINUTE, START, Stage, at, rule, ruleSet } from './testing.js';

const HOME = 'tocsin.violations/0';
/** More than is looked at in one go, by the correlator and by the sweep of a partition. */
const MANY = 1_100;
const time = (minutes: number): string => new Date(START + minutes * MINUTE).toISOString();

const stage = new Stage();
beforeEach(() => stage.open(1));
afterEach(() => stage.close());

function silence(id: string, filter: string, ends: string): Silence {
  return { id, filter, starts_at: time(-60), ends_at: ends, author: 'ann', comment: '', created_at: time(-60) };
}

it('tells the incident whose silence ended behind any number that stay muted, and only that', async () => {
  const { db } = stage.store;
  const muted = (id: string, by: string) =>
    buildIncident({ id, group: { who: by }, last_seen: time(-30), muted: [{ by: 'silence', id: by, comment: '' }] });
  const incidents = [...Array.from({ length: MANY }, (_, n) => muted(`a-${String(n).padStart(4, '0')}`, 'long')), muted('z', 'short')];
  await upsertIncidents(
    db,
    incidents.map((incident) => ({ incident, home: HOME, dueAt: null })),
  );
  await putSilence(db, silence('long', 'incident.group["who"] == "long"', time(600)));
  await putSilence(db, silence('short', 'incident.group["who"] == "short"', time(10)));
  let now = START;
  const rules = ruleSet(rule('none', { filter: 'violation.name == "none"' }));
  const { correlator } = await stage.start(() => rules, { now: () => now });
  // The partition is ours once it has done something.
  await stage.push(at(0));
  await stage.caughtUp();
  const stillMuted = async (): Promise<number> => (await mutedIncidents(db, [HOME], 5_000)).length;
  await correlator.tend();
  expect(await stillMuted()).toBe(MANY + 1);
  now = START + 10 * MINUTE;
  await correlator.tend();
  expect(await stillMuted()).toBe(MANY);
  expect((await getIncidents(db, ['z'])).get('z')).toMatchObject({ change: 'unmuted', version: 2 });
  expect((await stage.told()).map(({ id, change }) => [id, change])).toEqual([['z', 'unmuted']]);
});
