import { describe, expect, it } from '@jest/globals';
import { ACTION_TYPES, parsePolicies } from '@tocsin/policy';
import { buildIncident, buildViolation } from '@tocsin/testing';
import { compilePolicies, planActions, type CompiledPolicy, type Plan } from './plan-actions.js';

/** Policies by name, each with the `spec` as it would be written. */
function policies(specs: Record<string, string>): CompiledPolicy[] {
  const documents = Object.entries(specs).map(
    ([name, spec]) => `apiVersion: tocsin.dev/v1\nkind: ResponsePolicy\nmetadata: { name: ${name} }\nspec: ${spec}\n`,
  );
  return compilePolicies(parsePolicies(documents.join('---\n'), 'test.yaml', {}).responses);
}

const contain = '{ match: { incidents: incident.severity_id >= 4 }, mode: auto, steps: [{ action: quarantine }] }';
const incident = buildIncident({
  entities: [
    { type: 'workload', name: 'shop/web' },
    { type: 'pod', name: 'shop/web-1' },
    { type: 'pod', name: 'shop/web-2' },
    { type: 'node', name: 'node-1' },
  ],
});
const brief = ({ planned }: Plan): string[] => planned.map(({ policy, step, target }) => `${policy}/${step} ${target.type} ${target.name}`);

describe('planActions', () => {
  it('plans each step for each target, and says all that an action is', () => {
    const { planned, skipped } = planActions(policies({ contain }), { incident });
    expect(planned).toMatchObject([{ target: { type: 'pod', name: 'shop/web-1' } }, { target: { type: 'pod', name: 'shop/web-2' } }]);
    expect(planned[0]).toEqual({
      schema: 1,
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      version: 1,
      state: 'planned',
      policy: 'contain',
      step: 'quarantine',
      type: 'quarantine',
      target: { type: 'pod', name: 'shop/web-1' },
      cluster: 'test',
      incident: incident.id,
      severity_id: 4,
      mode: 'auto',
      reason: 'The policy asks for it.',
      created_at: incident.updated_at,
      after: [],
      time: incident.updated_at,
    });
    expect(skipped).toEqual([]);
  });

  it('gives an action the same id with each change of its incident, and another one to each policy, step, target and cluster', () => {
    const two = policies({ contain, again: contain.replace('[{ action: quarantine }]', '[{ action: quarantine }, { id: q2, action: quarantine }]') });
    const ids = (of: object) => planActions(two, { incident: { ...incident, ...of } }).planned.map(({ id }) => id);
    expect(new Set(ids({})).size).toBe(6);
    expect(ids({ version: 9, count: 40, updated_at: '2026-09-14T15:00:00.000Z' })).toEqual(ids({}));
    expect(new Set([...ids({}), ...ids({ cluster: 'other' }), ...ids({ id: 'other' })]).size).toBe(18);
  });

  it('plans for matches only, in the order of the policies and of their steps, each under its condition', () => {
    const set = policies({
      other: contain.replace('>= 4', '== 6'),
      off: contain.replace('{ match', '{ enabled: false, match'),
      look: `{ match: { incidents: 'true' }, steps: [{ action: snapshot, when: incident.count > 1 }, { id: mark, action: annotate, when: incident.cluster == "test" }] }`,
      stop: `{ match: { incidents: 'true' }, mode: propose, steps: [{ action: cordon }, { action: scale }] }`,
    });
    const plan = planActions(set, { incident });
    expect(brief(plan)).toEqual(['look/mark pod shop/web-1', 'look/mark pod shop/web-2', 'stop/cordon node node-1', 'stop/scale workload shop/web']);
    expect(plan.planned.map(({ mode, reason }) => `${mode}: ${reason}`)).toEqual([
      'observe: The policy observes; nothing is done.',
      'observe: The policy observes; nothing is done.',
      'propose: The policy asks for it.',
      'propose: The policy asks for it.',
    ]);
    expect(plan.skipped).toEqual([]);
  });

  it('knows targets of every action', () => {
    const all = policies({ all: `{ match: { incidents: 'true' }, steps: [${ACTION_TYPES.map((action) => `{ action: ${action} }`).join(', ')}] }` });
    const plan = planActions(all, { incident });
    expect(new Set(plan.planned.map(({ type }) => type))).toEqual(new Set(ACTION_TYPES));
  });

  it('takes the workload where no pod is named, and says what is missing where nothing fits', () => {
    const set = policies({ mixed: `{ match: { incidents: 'true' }, steps: [{ action: snapshot }, { action: capture }] }` });
    const plan = planActions(set, { incident: buildIncident() });
    expect(brief(plan)).toEqual(['mixed/snapshot workload shop/web']);
    expect(plan.skipped).toEqual([{ policy: 'mixed', step: 'capture', reason: 'no_target', message: 'The incident names no pod.' }]);
  });

  it.each([
    [{ muted: [{ by: 'silence' as const, id: 's1', comment: 'maintenance' }] }, 'muted', 'The incident is muted by silence s1: maintenance'],
    [{ status: 'resolved' as const }, 'resolved', 'The incident is resolved.'],
  ])('plans nothing for %j, and says why', (change, reason, message) => {
    const set = policies({ contain, other: contain.replace('>= 4', '== 6') });
    expect(planActions(set, { incident: { ...incident, ...change } })).toEqual({ planned: [], skipped: [{ policy: 'contain', reason, message }] });
  });

  it('plans for an incident that nothing mutes any more', () => {
    expect(planActions(policies({ contain }), { incident: { ...incident, muted: [] } }).planned).toHaveLength(2);
  });

  it('answers violations by policies for violations, and these alone', () => {
    const set = policies({
      contain,
      fast: `{ match: { violations: violation.severity_id == 5 }, mode: auto, steps: [{ action: quarantine, when: violation.pod.name != "" }, { action: cordon }] }`,
    });
    const violation = buildViolation({
      severity_id: 5,
      workload: { namespace: 'shop', name: 'web' },
      pod: { name: 'web-1' },
      node: { name: 'node-1' },
    });
    const plan = planActions(set, { violation });
    expect(brief(plan)).toEqual(['fast/quarantine pod shop/web-1', 'fast/cordon node node-1']);
    expect(plan.planned[0]).toMatchObject({ violation: violation.id, cluster: violation.cluster, severity_id: 5, time: violation.received_time });
    expect(plan.planned[0]).not.toHaveProperty('incident');
    expect(brief(planActions(set, { incident }))).toEqual(['contain/quarantine pod shop/web-1', 'contain/quarantine pod shop/web-2']);
  });
});
