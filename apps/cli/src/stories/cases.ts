import { openSimulationStore } from '@tocsin/correlator/simulation';
import type { CorrelationRule, PolicySet, PolicyTest, ResponsePolicy, Decode } from '@tocsin/policy';
import { compare, type Difference } from './compare.js';
import type { Outcome } from './outcome.js';
import { play, withRules, type Policies, type PlayOptions } from './play.js';
import { rulesFor } from './rules-for.js';

/** A test, wherever it is written. */
export interface Case {
  /** `rule/name of the test`, or the scenario's name. */
  name: string;
  file: string;
  line: number;
  test: Pick<PolicyTest, 'events' | 'expect'>;
  /** Where the test stands in its document, and a mistake there. */
  path: readonly PropertyKey[];
  issue: CorrelationRule['issue'];
  policies: Policies;
  /** Incidents of other rules are not looked at; undefined: of all. */
  ofRules: ReadonlySet<string> | undefined;
}

export interface Result {
  case: Case;
  /** Empty when it passed. */
  differences: Difference[];
  /** Of a test that failed. */
  outcome: Outcome | undefined;
  milliseconds: number;
}

/** All tests of a set; `rules` are those in force beside it, too. */
export function casesOf(set: PolicySet, rules: readonly CorrelationRule[]): Case[] {
  const whole: Policies = {
    ...withRules(rules.filter(({ spec }) => spec.enabled)),
    silences: [],
    subscriptions: set.subscriptions,
    responses: set.responses.filter(({ spec }) => spec.enabled),
  };
  return [
    ...set.rules.flatMap((rule) => {
      const policies = { ...withRules(rulesFor(rule, rules)), silences: [], subscriptions: [], responses: [] };
      return testsOf(rule, policies, (test) => new Set([rule.metadata.name, ...(test.expect.incidents ?? []).map((incident) => incident.rule)]));
    }),
    ...set.responses.flatMap((policy) => {
      const inForce = { ...policy, spec: { ...policy.spec, enabled: true } };
      return testsOf(policy, { ...whole, subscriptions: [], responses: [inForce] }, () => undefined);
    }),
    ...set.scenarios.map(({ metadata, origin, spec, issue }): Case => {
      const policies = { ...whole, silences: spec.silences };
      return { name: metadata.name, ...origin, test: spec, path: ['spec'], issue, policies, ofRules: undefined };
    }),
  ];
}

function testsOf(document: CorrelationRule | ResponsePolicy, policies: Policies, ofRules: (test: PolicyTest) => Case['ofRules']): Case[] {
  const { metadata, origin, spec, issue } = document;
  return spec.tests.map((test, index): Case => {
    const path = ['spec', 'tests', index];
    const line = issue(path, '').line ?? origin.line;
    return { name: `${metadata.name}/${test.name}`, file: origin.file, line, test, path, issue, policies, ofRules: ofRules(test) };
  });
}

export async function runCases(cases: readonly Case[], decode: Decode): Promise<Result[]> {
  const store = await openSimulationStore();
  try {
    const results: Result[] = [];
    for (const one of cases) results.push(await runCase(one, { decode, store }));
    return results;
  } finally {
    await store.close();
  }
}

async function runCase(one: Case, options: Pick<PlayOptions, 'decode' | 'store'>): Promise<Result> {
  const started = performance.now();
  const { events, expect } = one.test;
  const outcome = await play(events, one.policies, { ...options, explain: false });
  const differences = compare(expect, outcome, one.ofRules);
  if (differences.length === 0) return { case: one, differences, outcome: undefined, milliseconds: performance.now() - started };
  // Why is found out by playing it again, so that tests that pass need not wait for it. The same again comes of it.
  const told = await play(events, one.policies, { ...options, explain: true });
  return { case: one, differences, outcome: told, milliseconds: performance.now() - started };
}
