import { describe, expect, it } from '@jest/globals';
import { ConfigErrors } from '@tocsin/extension';
import { checkRules } from '../check-rules.js';
import type { PolicySet } from '../policies.js';
import { judge, type Judgement } from './judge.js';
import type { PolicyObject, Version } from './policy-object.js';
import { statusOf } from './status.js';

const T1 = '2026-11-24T10:00:00.000Z';
const T2 = '2026-11-24T11:00:00.000Z';
const spec = (more: object = {}): object => ({ title: 'T', severity: 'high', kind: 'single', filter: 'true', ...more });

function rule(name: string, own: object, { generation = 1, ...more }: Partial<PolicyObject> & { generation?: number } = {}): PolicyObject {
  return {
    kind: 'CorrelationRule',
    metadata: { name, namespace: 'tocsin', uid: `uid-${name}`, resourceVersion: '1', generation },
    spec: own,
    ...more,
  };
}

/** The titles in force by name. */
type Titles = Record<string, string>;

function interpret({ rules }: PolicySet): Titles {
  const issues = checkRules(rules);
  if (issues.length > 0) throw new ConfigErrors(issues);
  return Object.fromEntries(rules.map(({ metadata, spec: { title } }) => [metadata.name, title]));
}

const judged = (objects: PolicyObject[], lastGood: [string, Version][] = []): Judgement<Titles> =>
  judge(objects, { schemas: {}, interpret, lastGood: new Map(lastGood) });

const mistakes = ({ verdicts }: Judgement<Titles>): Record<string, string[]> =>
  Object.fromEntries(verdicts.map(({ object, mistakes: found }) => [object.metadata.name, found]));

describe('policy objects', () => {
  it('are in force as they are while they have no mistakes', () => {
    const judgement = judged([rule('b', spec({ title: 'B' })), rule('a', spec({ title: 'A' }), { generation: 7 })]);
    expect(judgement.result).toEqual({ a: 'A', b: 'B' });
    expect(judgement.verdicts.map(({ inForce }) => inForce?.generation)).toEqual([7, 1]);
    expect(mistakes(judgement)).toEqual({ a: [], b: [] });
  });

  it('with a mistake leave all others in force, and say where it is', () => {
    const judgement = judged([rule('a', spec({ filter: 'violation.nam == "x"' })), rule('b', spec())]);
    expect(judgement.result).toEqual({ b: 'T' });
    expect(mistakes(judgement)['a']).toEqual([expect.stringMatching(/^spec\.filter: names "violation\.nam", which no violation has; did you mean/)]);
    expect(judgement.verdicts[0]?.inForce).toBeUndefined();
  });

  it('with a mistake in a change are in force as they were before it', () => {
    const broken = rule('a', spec({ severity: 'hihg' }), { generation: 3 });
    const before = { generation: 2, spec: spec({ title: 'Before' }) };
    expect(judged([broken], [['uid-a', before]]).result).toEqual({ a: 'Before' });
    // Another process, which has not seen it, finds it in the status.
    expect(judged([{ ...broken, status: { inForce: before } }]).result).toEqual({ a: 'Before' });
    expect(judged([{ ...broken, status: { inForce: before } }]).verdicts[0]).toMatchObject({
      inForce: before,
      mistakes: [expect.stringContaining('spec.severity')],
    });
  });

  it('that were made anew under the same name have no past', () => {
    const broken = rule('a', spec({ severity: 'hihg' }));
    expect(judged([broken], [['uid-of-another', { generation: 2, spec: spec() }]]).result).toEqual({});
  });

  it('that do not go together with others are as they were before', () => {
    const chain = { ...spec({ kind: 'single', rules: ['gone'] }), filter: undefined };
    const judgement = judged(
      [rule('a', chain, { generation: 2 }), rule('b', spec())],
      [['uid-a', { generation: 1, spec: spec({ title: 'Before' }) }]],
    );
    expect(judgement.result).toEqual({ a: 'Before', b: 'T' });
    expect(mistakes(judgement)['a']).toEqual([expect.stringContaining('spec.rules[0]: is "gone", which is no rule in force')]);
  });

  it('are not in force when what they name goes', () => {
    const chain = { ...spec({ rules: ['b'] }), filter: undefined };
    expect(judged([rule('a', chain), rule('b', spec())]).result).toEqual({ a: 'T', b: 'T' });
    const judgement = judged([rule('a', chain)], [['uid-a', { generation: 1, spec: chain }]]);
    expect(judgement.result).toEqual({});
    expect(judgement.verdicts[0]).toMatchObject({ inForce: undefined, mistakes: [expect.stringContaining('which is no rule in force')] });
  });

  it('are found to blame also for what shows elsewhere', () => {
    const interpretAll = (set: PolicySet): string[] => {
      const names = set.rules.map(({ metadata }) => metadata.name);
      if (names.includes('b')) throw new ConfigErrors([{ file: 'tocsin.yaml', path: 'x', message: 'does not go with b' }]);
      return names;
    };
    const { result, verdicts } = judge(
      ['a', 'b', 'c'].map((name) => rule(name, spec())),
      { schemas: {}, interpret: interpretAll, lastGood: new Map() },
    );
    expect(result).toEqual(['a', 'c']);
    expect(verdicts[1]?.mistakes).toEqual(['tocsin.yaml: x: does not go with b']);
  });

  it('that nobody of them is to blame for throw', () => {
    const never = (): never => {
      throw new ConfigErrors([{ file: 'tocsin.yaml', path: 'x', message: 'is wrong' }]);
    };
    expect(() => judge([rule('a', spec())], { schemas: {}, interpret: never, lastGood: new Map() })).toThrow('tocsin.yaml: x: is wrong');
  });

  it('keep what kubectl notes about itself to themselves', () => {
    const object = rule('a', spec());
    object.metadata.annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{"token":"secret"}', team: 'x' };
    const seen = judge([object], { schemas: {}, interpret: ({ rules }) => rules[0]?.metadata.annotations, lastGood: new Map() });
    expect(seen.result).toEqual({ team: 'x' });
  });
});

describe('the status of a policy object', () => {
  const verdictOf = (object: PolicyObject, lastGood: [string, Version][] = []) => {
    const [verdict] = judged([object], lastGood).verdicts;
    if (verdict === undefined) throw new Error('No verdict.');
    return verdict;
  };

  it('says that it is accepted, once', () => {
    const object = rule('a', spec(), { generation: 2 });
    const status = statusOf(verdictOf(object), { count: 0, last: null }, T1);
    expect(status).toEqual({
      observedGeneration: 2,
      conditions: [{ type: 'Accepted', status: 'True', observedGeneration: 2, lastTransitionTime: T1, reason: 'InForce', message: 'In force.' }],
      inForce: { generation: 2, spec: spec() },
      hits: 0,
    });
    expect(statusOf(verdictOf({ ...object, status: status ?? {} }), undefined, T2)).toBeUndefined();
  });

  it('says what is wrong and what stays, and keeps the time at which that began', () => {
    const good = statusOf(verdictOf(rule('a', spec())), { count: 3, last: T1 }, T1) ?? {};
    const broken = rule('a', spec({ severity: 'x' }), { generation: 2, status: good });
    const status = statusOf(verdictOf(broken), undefined, T2) ?? {};
    expect(status).toMatchObject({
      observedGeneration: 2,
      error: expect.stringContaining('spec.severity'),
      inForce: { generation: 1 },
      hits: 3,
      lastHit: T1,
    });
    expect(status.conditions).toEqual([expect.objectContaining({ status: 'False', reason: 'Mistakes', lastTransitionTime: T2 })]);
    expect(status.conditions?.[0]?.message).toMatch(/^Generation 1 stays in force\. spec\.severity/);
    const worse = rule('a', spec({ severity: 'y' }), { generation: 3, status });
    expect(statusOf(verdictOf(worse), undefined, '2026-11-24T12:00:00.000Z')?.conditions?.[0]).toMatchObject({
      lastTransitionTime: T2,
      observedGeneration: 3,
    });
    // The mistake mended, nothing is left of it.
    const mended = statusOf(verdictOf(rule('a', spec(), { generation: 4, status })), undefined, T2);
    expect(mended?.error).toBeUndefined();
    expect(mended?.inForce?.generation).toBe(4);
  });

  it('bounds what it says', () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`key${index}`, 1]));
    const silence: PolicyObject = { ...rule('a', { ...many }), kind: 'Silence' };
    const status = statusOf(verdictOf(silence), undefined, T1);
    expect(status?.error?.length).toBe(8_000);
    expect(status?.error?.endsWith('…')).toBe(true);
  });
});
