import { STORY_START, type CorrelationRule, type Moment, type PolicySet, type PolicyTest } from '@tocsin/policy';
import { compare, offsetText } from './compare.js';
import { play, rulesFor, type Policies } from './play.js';

/** A test, wherever it is written. */
export interface Case {
  /** `rule/name of the test`, or the scenario's name. */
  name: string;
  file: string;
  line: number;
  test: Pick<PolicyTest, 'events' | 'expect'>;
  policies: Policies;
  /** Incidents of other rules are not looked at; undefined: of all. */
  ofRules: ReadonlySet<string> | undefined;
}

export interface Result {
  case: Case;
  /** Empty when it passed. */
  differences: string[];
  milliseconds: number;
}

/** All tests of a set; `rules` are those in force beside it, too. */
export function casesOf(set: PolicySet, rules: readonly CorrelationRule[]): Case[] {
  const enabled = rules.filter(({ spec }) => spec.enabled);
  const whole: Policies = {
    rules: enabled,
    silences: set.silences,
    subscriptions: set.subscriptions,
    responses: set.responses.filter(({ spec }) => spec.enabled),
  };
  return [
    ...set.rules.flatMap((rule) =>
      rule.spec.tests.map((test): Case => {
        const named = (test.expect.incidents ?? []).map((incident) => incident.rule);
        const policies = { rules: rulesFor(rule, rules), silences: [], subscriptions: [], responses: [] };
        return { name: `${rule.metadata.name}/${test.name}`, ...rule.origin, test, policies, ofRules: new Set([rule.metadata.name, ...named]) };
      }),
    ),
    ...set.responses.flatMap((policy) =>
      policy.spec.tests.map((test): Case => {
        const policies = { ...whole, silences: [], subscriptions: [], responses: [policy] };
        return { name: `${policy.metadata.name}/${test.name}`, ...policy.origin, test, policies, ofRules: undefined };
      }),
    ),
    ...set.scenarios.map((scenario): Case => ({
      name: scenario.metadata.name,
      ...scenario.origin,
      test: scenario.spec,
      policies: whole,
      ofRules: undefined,
    })),
  ];
}

export async function runCase(one: Case): Promise<Result> {
  const started = performance.now();
  const outcome = await play(one.test.events, one.policies);
  const differences = compare(one.test.expect, outcome, one.ofRules);
  const told = differences.length === 0 ? [] : [...differences, '  after:', ...outcome.story.slice(0, STORY_LINES).map(storyLine)];
  if (told.length > 0 && outcome.story.length > STORY_LINES) told.push(`    … and ${outcome.story.length - STORY_LINES} more`);
  return { case: one, differences: told, milliseconds: performance.now() - started };
}

const STORY_LINES = 12;

function storyLine({ time, violation, command }: Moment): string {
  const at = offsetText(time - STORY_START).padStart(6);
  if (command !== undefined) return `  ${at}  ${command.actor} says ${command.type} (${command.rule})`;
  if (violation === undefined) return `  ${at}  time passes`;
  const { namespace, name } = violation.workload;
  return `  ${at}  ${violation.name} (${[namespace, name].filter(Boolean).join('/') || (violation.node?.name ?? '')})`;
}
