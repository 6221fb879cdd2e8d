import { afterEach, describe, expect, it } from '@jest/globals';
import type { Incident, Silence, Violation } from '@tocsin/domain';
import { GRACE, HOUR, MINUTE, START, at, rule, ruleSet } from './pipeline/testing.js';
import type { RuleDefinition } from './pipeline/rule.js';
import { Simulation } from './simulation.js';

const shell = (seconds: number, parts: Partial<Violation> = {}): Violation => at(seconds, { name: 'shell', ...parts });
const egress = (seconds: number, parts: Partial<Violation> = {}): Violation => at(seconds, { name: 'egress', ...parts });
const on = (name: string, namespace = 'shop'): Partial<Violation> => ({ workload: { namespace, name } });

const shells = rule('shells', { filter: 'violation.name == "shell"' });
const egresses = rule('egresses', { filter: 'violation.name == "egress"', generate: false });

describe('correlation on a clock that is set', () => {
  let simulation: Simulation;
  afterEach(() => simulation.close());

  async function play(rules: RuleDefinition[], silences: Silence[] = []): Promise<Simulation> {
    simulation = await Simulation.open({ rules: ruleSet(...rules), silences, startAt: START });
    return simulation;
  }
  const only = async (): Promise<Incident> => {
    const incidents = await simulation.incidents();
    expect(incidents).toHaveLength(1);
    return incidents[0] as Incident;
  };
  const changes = (): string[] => simulation.told.map(({ rule: { name }, change }) => `${name} ${change}`);

  describe('chains', () => {
    const chain = rule('shell-then-egress', {
      rules: ['shells', 'egresses'],
      kind: 'temporal_ordered',
      kindConfig: { timespan: '5m', rules: ['shells', 'egresses'] },
    });

    it('feed what one rule names to the next, and a building block opens nothing', async () => {
      await play([shells, egresses, chain]);
      await simulation.feed([shell(0), egress(60)]);
      const incidents = await simulation.incidents();
      expect(incidents.map(({ rule: { name }, count }) => [name, count])).toEqual([
        ['shells', 1],
        ['shell-then-egress', 2],
      ]);
      const trail = await simulation.trail(incidents[1]?.id ?? '');
      expect(trail.map(({ rule: via }) => via)).toEqual(['shells', 'egresses']);
    });

    it('reach a rule that groups by something else, under another name in each', async () => {
      const scans = rule('scans', { filter: 'violation.name == "scan"', generate: false, groupBy: ['src_endpoint.ip'] });
      const logins = rule('logins', { filter: 'violation.name == "login"', generate: false });
      const followed = rule('scan-then-login', {
        rules: ['scans', 'logins'],
        kind: 'temporal_ordered',
        kindConfig: { timespan: '5m', rules: ['scans', 'logins'] },
        groupBy: ['peer'],
        aliases: { peer: { scans: 'src_endpoint.ip', logins: 'dst_endpoint.ip' } },
      });
      await play([followed, scans, logins]);
      await simulation.feed([
        at(0, { name: 'scan', src_endpoint: { ip: '10.0.0.9' } }),
        at(10, { name: 'login', dst_endpoint: { ip: '10.0.0.9' }, ...on('db') }),
        at(20, { name: 'login', dst_endpoint: { ip: '10.0.0.7' }, ...on('db') }),
      ]);
      expect(await only()).toMatchObject({ count: 2, group: { peer: '10.0.0.9' } });
    });

    it('go on over two steps, from a window to a window', async () => {
      const bursts = rule('bursts', {
        kind: 'event_count',
        kindConfig: { timespan: '1m', condition: { gte: 3 } },
        filter: 'violation.name == "x"',
        generate: false,
      });
      const spread = rule('spread', {
        rules: ['bursts'],
        kind: 'value_count',
        kindConfig: { timespan: '10m', condition: { field: 'workload.name', gte: 2 } },
        groupBy: ['workload.namespace'],
      });
      await play([bursts, spread]);
      const burstOf = (from: number, name: string) => [0, 1, 2].map((n) => at(from + n, { name: 'x', ...on(name) }));
      await simulation.feed([...burstOf(0, 'a'), at(50, { name: 'x', ...on('c') }), ...burstOf(100, 'b')]);
      expect(await only()).toMatchObject({ count: 6, group: { 'workload.namespace': 'shop' } });
    });
  });

  describe('absence', () => {
    const started = rule('started', { filter: 'violation.name == "started"', generate: false });
    const finished = rule('finished', { filter: 'violation.name == "finished"', generate: false });
    const hung = rule('hung', {
      rules: ['started', 'finished'],
      kind: 'absence',
      kindConfig: { timespan: '10m', rules: ['started', 'finished'], after: 'started', expect: 'finished' },
    });

    it('is found though the key has fallen silent', async () => {
      await play([started, finished, hung]);
      await simulation.feed([at(0, { name: 'started' })]);
      await simulation.advanceTo(START + 10 * MINUTE + GRACE - 1);
      expect(await simulation.incidents()).toEqual([]);
      await simulation.advanceTo(START + 10 * MINUTE + GRACE);
      expect(await only()).toMatchObject({ count: 1, first_seen: new Date(START).toISOString() });
    });

    it('is not found where what was expected came, also out of order', async () => {
      await play([started, finished, hung]);
      await simulation.feed([at(300, { name: 'finished' }), at(0, { name: 'started' })]);
      await simulation.feed([at(0, { name: 'started', ...on('other') }), at(600, { name: 'finished', ...on('other') })]);
      await simulation.advanceTo(START + HOUR);
      expect(await simulation.incidents()).toEqual([]);
    });
  });

  describe('lifecycle', () => {
    it('resolves by quiet, reopens when it recurs, and keeps every step on record', async () => {
      await play([{ ...shells, resolveAfter: 30 * MINUTE }]);
      await simulation.feed([shell(0)]);
      await simulation.advanceTo(START + 30 * MINUTE - 1);
      expect((await only()).status).toBe('open');
      await simulation.advanceTo(START + 30 * MINUTE);
      expect(await only()).toMatchObject({ status: 'resolved', resolution: { reason: 'quiet', by: 'tocsin' } });
      await simulation.advanceTo(START + HOUR);
      await simulation.feed([shell(3600)]);
      const incident = await only();
      expect(incident).toMatchObject({ status: 'open', count: 2, change: 'reopened' });
      expect(incident).not.toHaveProperty('resolution');
      expect((await simulation.history(incident.id)).map(({ change, toStatus }) => [change, toStatus])).toEqual([
        ['opened', 'open'],
        ['resolved', 'resolved'],
        ['reopened', 'open'],
      ]);
    });

    it('counts a straggler from before the resolution without reopening', async () => {
      await play([shells]);
      await simulation.feed([shell(0)]);
      await simulation.advanceTo(START + 5 * MINUTE);
      await simulation.command((await only()).id, { type: 'resolve', reason: 'benign', comment: 'a drill' }, 'ann');
      await simulation.feed([shell(60)]);
      expect(await only()).toMatchObject({ status: 'resolved', count: 2, resolution: { reason: 'benign', by: 'ann', comment: 'a drill' } });
    });

    it('does what operators say, and refuses what makes no sense', async () => {
      await play([shells]);
      await simulation.feed([shell(0)]);
      const { id } = await only();
      expect(await simulation.command(id, { type: 'acknowledge' }, 'ann')).toBe('applied');
      expect(await simulation.command(id, { type: 'acknowledge' }, 'bob')).toBe('refused');
      expect(await simulation.command(id, { type: 'assign', assignee: 'bob' }, 'ann')).toBe('applied');
      expect(await simulation.command(id, { type: 'note', comment: 'looks like the backup job' }, 'bob')).toBe('applied');
      expect(await simulation.command(id, { type: 'reopen' }, 'bob')).toBe('refused');
      expect(await simulation.command(id, { type: 'resolve', reason: 'false_positive' }, 'bob')).toBe('applied');
      expect(await simulation.command(id, { type: 'resolve', reason: 'benign' }, 'ann')).toBe('refused');
      expect(await simulation.command('no-such', { type: 'acknowledge' }, 'ann')).toBe('refused');
      expect(await only()).toMatchObject({ status: 'resolved', acknowledged_by: 'ann', assignee: 'bob', version: 5 });
      expect((await simulation.history(id)).map(({ change, actor, comment }) => [change, actor, comment])).toEqual([
        ['opened', null, null],
        ['acknowledged', 'ann', null],
        ['assigned', 'ann', null],
        ['noted', 'bob', 'looks like the backup job'],
        ['resolved', 'bob', null],
      ]);
    });

    it('is contained while the responder says so, whoever acknowledges, resolves or reopens it', async () => {
      await play([shells]);
      await simulation.feed([shell(0)]);
      const { id } = await only();
      const contain = (order: number) => simulation.command(id, { type: 'contain', order, comment: 'quarantine' }, 'tocsin');
      const release = (order: number) => simulation.command(id, { type: 'release', order, comment: 'reverted' }, 'tocsin');
      expect(await simulation.command(id, { type: 'contain', order: 9, comment: '' }, 'ann')).toBe('refused');
      expect(await contain(3)).toBe('applied');
      expect(await only()).toMatchObject({
        status: 'contained',
        change: 'contained',
        containment: { order: 3 },
        actor: 'tocsin',
        comment: 'quarantine',
      });
      expect(await simulation.command(id, { type: 'acknowledge' }, 'ann')).toBe('applied');
      expect(await only()).toMatchObject({ status: 'contained', change: 'acknowledged', acknowledged_by: 'ann' });
      expect(await simulation.command(id, { type: 'acknowledge' }, 'bob')).toBe('refused');
      expect(await release(5)).toBe('applied');
      expect(await only()).toMatchObject({ status: 'acknowledged', change: 'released', containment: { order: 5 } });
      expect(await contain(8)).toBe('applied');
      expect(await simulation.command(id, { type: 'resolve', reason: 'benign' }, 'ann')).toBe('applied');
      expect(await simulation.command(id, { type: 'reopen' }, 'bob')).toBe('applied');
      expect(await only()).toMatchObject({ status: 'contained', change: 'reopened' });
      expect(await only()).not.toHaveProperty('acknowledged_by');
      expect(await release(9)).toBe('applied');
      expect((await simulation.history(id)).map(({ change, toStatus }) => [change, toStatus])).toEqual([
        ['opened', 'open'],
        ['contained', 'contained'],
        ['acknowledged', 'contained'],
        ['released', 'acknowledged'],
        ['contained', 'contained'],
        ['resolved', 'resolved'],
        ['reopened', 'contained'],
        ['released', 'open'],
      ]);
    });

    it('does not go back to what the responder said before', async () => {
      await play([shells]);
      await simulation.feed([shell(0)]);
      const { id } = await only();
      expect(await simulation.command(id, { type: 'release', order: 6, comment: '' }, 'tocsin')).toBe('applied');
      expect(await simulation.command(id, { type: 'contain', order: 4, comment: '' }, 'tocsin')).toBe('refused');
      expect(await only()).toMatchObject({ status: 'open', containment: { order: 6 } });
    });

    it('is contained again when it recurs while its targets are cut off, and nobody is on it', async () => {
      await play([{ ...shells, reopenWithin: HOUR }]);
      await simulation.feed([shell(0)]);
      const { id } = await only();
      await simulation.command(id, { type: 'acknowledge' }, 'ann');
      await simulation.command(id, { type: 'resolve', reason: 'benign' }, 'ann');
      expect(await simulation.command(id, { type: 'contain', order: 2, comment: '' }, 'tocsin')).toBe('applied');
      expect(await only()).toMatchObject({ status: 'resolved', change: 'contained', resolution: { reason: 'benign' } });
      await simulation.advanceTo(START + 5 * MINUTE);
      await simulation.feed([shell(300)]);
      const again = await only();
      expect(again).toMatchObject({ status: 'contained', change: 'reopened', count: 2 });
      expect(again).not.toHaveProperty('acknowledged_by');
      expect(again).not.toHaveProperty('resolution');
    });

    it('merges, and what would join the one joins the other', async () => {
      await play([shells]);
      await simulation.feed([shell(0, on('a')), shell(1, on('b')), shell(2, on('b'))]);
      const [a, b] = (await simulation.incidents()).toSorted((x, y) => x.count - y.count) as [Incident, Incident];
      expect(await simulation.command(a.id, { type: 'merge', into: a.id }, 'ann')).toBe('refused');
      expect(await simulation.command(a.id, { type: 'merge', into: b.id }, 'ann')).toBe('applied');
      await simulation.feed([shell(3, on('a'))]);
      const after = new Map((await simulation.incidents()).map((incident) => [incident.id, incident]));
      expect(after.get(a.id)).toMatchObject({ status: 'resolved', merged_into: b.id, resolution: { reason: 'merged' }, count: 1 });
      expect(after.get(b.id)).toMatchObject({ status: 'open', count: 4, title: b.title });
      expect(after.get(b.id)?.entities).toContainEqual({ type: 'workload', name: 'shop/a' });
      expect(await simulation.trail(b.id)).toHaveLength(4);
    });

    it('escalates by what it holds', async () => {
      await play([
        {
          ...shells,
          severity: 3,
          escalate: [
            { to: 5, when: 'incident.count >= 3' },
            { to: 4, when: 'incident.count >= 2' },
          ],
        },
      ]);
      await simulation.feed([shell(0)]);
      expect((await only()).severity_id).toBe(3);
      await simulation.feed([shell(1)]);
      await simulation.feed([shell(2)]);
      expect((await only()).severity_id).toBe(5);
      expect(changes()).toEqual(['shells opened', 'shells escalated', 'shells escalated']);
    });

    it('marks what came late, and counts it all the same', async () => {
      await play([shells]);
      const late = shell(0, { received_time: new Date(START + GRACE + 1).toISOString() });
      await simulation.feed([shell(10), late]);
      const incident = await only();
      expect(incident).toMatchObject({ count: 2, late: 1, first_seen: late.time });
      expect((await simulation.trail(incident.id)).map((entry) => entry.late)).toEqual([true, false]);
    });

    it('opens a new incident in the next period, and not for another condition of the same rule', async () => {
      await play([{ ...shells, reopenWithin: HOUR }]);
      await simulation.feed([shell(0), shell(3600)]);
      expect(await simulation.incidents()).toHaveLength(2);
      const tuned = ruleSet({ ...shells, filter: 'violation.name == "shell" && violation.severity_id > 0' }).byName.get('shells');
      expect(tuned?.version).not.toBe(ruleSet(shells).byName.get('shells')?.version);
    });
  });

  describe('muting', () => {
    const silence = (parts: Partial<Silence> = {}): Silence => ({
      id: 'maintenance',
      filter: 'incident.group["workload.namespace"] == "shop"',
      starts_at: new Date(START - HOUR).toISOString(),
      ends_at: new Date(START + HOUR).toISOString(),
      author: 'ann',
      comment: 'node upgrade',
      created_at: new Date(START - HOUR).toISOString(),
      ...parts,
    });

    it('by a silence says so, and is told when the silence ends while it is still open', async () => {
      await play([shells], [silence()]);
      await simulation.feed([shell(0), shell(1, on('web', 'pay'))]);
      expect(simulation.told.map(({ group, muted }) => [group['workload.namespace'], muted])).toEqual([
        ['shop', [{ by: 'silence', id: 'maintenance', comment: 'node upgrade' }]],
        ['pay', undefined],
      ]);
      await simulation.feed([shell(2)]);
      expect(simulation.told).toHaveLength(2);
      await simulation.advanceTo(START + HOUR);
      expect(simulation.told.at(-1)).toMatchObject({ change: 'unmuted', count: 2 });
      expect(simulation.told.at(-1)).not.toHaveProperty('muted');
    });

    it('does not hold back that something told of is resolved', async () => {
      await play([{ ...shells, resolveAfter: 10 * MINUTE }], [silence({ starts_at: new Date(START + MINUTE).toISOString() })]);
      await simulation.feed([shell(0)]);
      await simulation.advanceTo(START + 20 * MINUTE);
      expect(simulation.told.map(({ change, muted }) => [change, muted])).toEqual([
        ['opened', undefined],
        ['resolved', undefined],
      ]);
    });

    it('by an incident that explains it lasts as long as that is open', async () => {
      const escapes = rule('escapes', {
        filter: 'violation.name == "escape"',
        inhibits: [{ rules: ['shells'], equal: ['workload.namespace'] }],
      });
      await play([shells, escapes]);
      await simulation.feed([at(0, { name: 'escape' }), shell(1), shell(1, on('web', 'pay'))]);
      const cause = (await simulation.incidents()).find((incident) => incident.rule.name === 'escapes') as Incident;
      const byNamespace = new Map(
        simulation.told.filter(({ rule: { name } }) => name === 'shells').map((told) => [told.group['workload.namespace'], told]),
      );
      expect(byNamespace.get('shop')?.muted).toEqual([{ by: 'inhibition', id: cause.id, comment: cause.title }]);
      expect(byNamespace.get('pay')?.muted).toBeUndefined();
      await simulation.command(cause.id, { type: 'resolve', reason: 'true_positive' }, 'ann');
      await simulation.advanceTo(START + MINUTE);
      expect(simulation.told.at(-1)).toMatchObject({ change: 'unmuted', rule: { name: 'shells' } });
    });
  });
});
