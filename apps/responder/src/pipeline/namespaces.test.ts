// A policy of a namespace does nothing to another one, whatever it says, by any action.
import { describe, expect, it } from '@jest/globals';
import type { EntityRef } from '@tocsin/domain';
import { ACTION_TYPES, judge } from '@tocsin/policy';
import { buildIncident, buildViolation } from '@tocsin/testing';
import { actionRegistry } from '../actions/index.js';
import { compilePolicies, planActions, type CompiledPolicy, type Plan } from './plan-actions.js';

const NODE_ACTIONS = ['cordon'];

function policy(spec: object, namespace = 'pay'): { policies: CompiledPolicy[]; mistakes: string[] } {
  const metadata = { name: 'greedy', namespace, uid: 'u', resourceVersion: '1', generation: 1 };
  const { result, verdicts } = judge([{ kind: 'ResponsePolicy', metadata, spec }], {
    schemas: { actions: actionRegistry },
    interpret: ({ responses }) => compilePolicies(responses),
    lastGood: new Map(),
    reachOf: () => ({ cluster: 'test', namespace }),
  });
  return { policies: result, mistakes: verdicts.flatMap((verdict) => verdict.mistakes) };
}

/** What each action needs beside its name. */
const WITH: Readonly<Record<string, object>> = {
  scale: { replicas: 0 },
  label: { set: { 'example.com/seen': 'yes' } },
  annotate: { set: { 'example.com/seen': 'yes' } },
};
const greedy = (action: string, on: 'incidents' | 'violations') => ({
  match: { [on]: 'true || true' },
  mode: 'auto',
  steps: [{ action, with: WITH[action] ?? {}, when: 'true' }],
});

const entities: EntityRef[] = [
  { type: 'node', name: 'node-1' },
  { type: 'workload', name: 'pay/web' },
  { type: 'pod', name: 'pay/web-1' },
  { type: 'workload', name: 'shop/web' },
  { type: 'pod', name: 'shop/web-1' },
  { type: 'pod', name: 'pay-eu/web-1' },
  { type: 'pod', name: 'web-1' },
];
const group = { cluster: 'test', 'workload.namespace': 'pay' };
const targets = ({ planned }: Plan): string[] => planned.map(({ target: { type, name } }) => `${type} ${name}`);

describe.each(ACTION_TYPES.filter((type) => !NODE_ACTIONS.includes(type)))('the action %s of a policy of a namespace', (action) => {
  it('is planned for what is there, of all that an incident names', () => {
    const { policies, mistakes } = policy(greedy(action, 'incidents'));
    expect(mistakes).toEqual([]);
    const found = targets(planActions(policies, { incident: buildIncident({ cluster: 'test', group, entities }) }));
    expect(found.length).toBeGreaterThan(0);
    expect(found.filter((target) => !['pod pay/web-1', 'workload pay/web'].includes(target))).toEqual([]);
  });

  it('is planned for nothing when the incident names only others', () => {
    const others = entities.filter(({ name }) => !name.startsWith('pay/'));
    const plan = planActions(policy(greedy(action, 'incidents')).policies, { incident: buildIncident({ cluster: 'test', group, entities: others }) });
    expect(plan.planned).toEqual([]);
    expect(plan.skipped).toMatchObject([{ policy: 'pay/greedy', reason: 'no_target', message: expect.stringMatching(/in the namespace pay\.$/) }]);
  });

  it('is planned in the cluster also when the incident of a rule of the namespace is not grouped by it', () => {
    const rule = { name: 'pay/greedy', version: '1', title: 'T' };
    const { planned } = planActions(policy(greedy(action, 'incidents')).policies, {
      incident: buildIncident({ cluster: '', group: {}, rule, entities }),
    });
    expect(new Set(planned.map(({ cluster }) => cluster))).toEqual(new Set(['test']));
  });

  it('answers no incident and no violation of others', () => {
    const incidents = [{ group: { ...group, 'workload.namespace': 'shop' } }, { group, cluster: 'other' }, { group: { cluster: 'test' } }];
    const onIncidents = policy(greedy(action, 'incidents')).policies;
    for (const parts of incidents) {
      expect(planActions(onIncidents, { incident: buildIncident({ cluster: 'test', entities, ...parts }) })).toEqual({ planned: [], skipped: [] });
    }
    const violations = [{ workload: { namespace: 'shop', name: 'web' } }, { workload: { name: 'pay/web' } }, { cluster: 'other' }];
    const onViolations = policy(greedy(action, 'violations')).policies;
    const workload = { namespace: 'pay', name: 'web' };
    const violation = { cluster: 'test', workload, pod: { name: 'web-1' }, node: { name: 'node-1' } };
    for (const parts of violations) {
      expect(planActions(onViolations, { violation: buildViolation({ ...violation, ...parts }) })).toEqual({ planned: [], skipped: [] });
    }
    const own = targets(planActions(onViolations, { violation: buildViolation(violation) }));
    expect(own.filter((target) => !['pod pay/web-1', 'workload pay/web'].includes(target))).toEqual([]);
    expect(own.length).toBeGreaterThan(0);
  });
});

describe('actions on nodes', () => {
  it('are those that are done to nothing else, and are refused in a policy of a namespace', () => {
    const onNodesAlone = [...actionRegistry.values()].filter(({ needs }) => !needs.targets.some((type) => type !== 'node')).map(({ type }) => type);
    expect(onNodesAlone).toEqual(NODE_ACTIONS);
    for (const action of NODE_ACTIONS) {
      const { policies, mistakes } = policy(greedy(action, 'incidents'));
      expect(policies).toEqual([]);
      expect(mistakes).toEqual([expect.stringContaining('which concerns a whole node')]);
    }
  });
});
