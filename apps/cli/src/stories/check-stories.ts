import { describeKnown, type ConfigIssue } from '@tocsin/extension';
import type { CorrelationRule, Decode } from '@tocsin/policy';
import type { Case } from './cases.js';

type Place = readonly PropertyKey[];

/** What a test names that is not there, and events of sensors that cannot be decoded: mistakes, not failures. */
export function checkStories(cases: readonly Case[], decode: Decode): ConfigIssue[] {
  return cases.flatMap((one) => {
    const { test, path, issue, policies } = one;
    const rules = new Map(policies.rules.map((rule) => [rule.metadata.name, rule]));
    const issues: ConfigIssue[] = [];
    const add = (message: string, ...place: Place): void => void issues.push(issue([...path, ...place], message));
    const known = (name: string | undefined, names: readonly string[], what: string, ...place: Place): void => {
      if (name === undefined || names.includes(name)) return;
      add(`is "${name}", which is no ${what} here; ${describeKnown(name, names)}`, ...place);
    };
    const makesIncidents = (name: string | undefined, ...place: Place): void => {
      known(name, [...rules.keys()], 'rule', ...place);
      if (name !== undefined && rules.get(name)?.spec.generate === false)
        add(`is "${name}", a building block ("generate: false"), which makes no incidents`, ...place);
    };
    test.events.forEach(({ command, raw }, index) => {
      makesIncidents(command?.rule, 'events', index, 'command', 'rule');
      makesIncidents(command?.into, 'events', index, 'command', 'into');
      const problem = raw === undefined ? undefined : problemOf(() => decode(raw));
      if (problem !== undefined) add(problem, 'events', index, 'raw');
    });
    test.expect.incidents?.forEach(({ rule, group }, index) => {
      const place: Place = ['expect', 'incidents', index];
      makesIncidents(rule, ...place, 'rule');
      checkGroup(rules.get(rule), group ?? {}, (name, message) => add(message, ...place, 'group', name));
    });
    const subscriptions = policies.subscriptions.map(({ metadata }) => metadata.name);
    test.expect.notifications?.forEach(({ subscription }, index) => {
      known(subscription, subscriptions, 'Subscription', 'expect', 'notifications', index, 'subscription');
    });
    const responses = new Map(policies.responses.map((policy) => [policy.metadata.name, policy.spec.steps.map(({ id }) => id)]));
    test.expect.actions?.forEach(({ policy, step }, index) => {
      known(policy, [...responses.keys()], 'ResponsePolicy in force', 'expect', 'actions', index, 'policy');
      known(step, responses.get(policy) ?? (step === undefined ? [] : [step]), `step of "${policy}"`, 'expect', 'actions', index, 'step');
    });
    return issues;
  });
}

function checkGroup(rule: CorrelationRule | undefined, group: Readonly<Record<string, string>>, add: (name: string, message: string) => void): void {
  if (rule === undefined) return;
  for (const name of Object.keys(group)) {
    if (!rule.spec.groupBy.includes(name)) add(name, `is nothing that "${rule.metadata.name}" groups by; ${describeKnown(name, rule.spec.groupBy)}`);
  }
}

function problemOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
