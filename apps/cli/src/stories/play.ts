import { compilePolicies, silencesOf } from '@tocsin/correlator/policies';
import { Simulation } from '@tocsin/correlator/simulation';
import type { Incident, IncidentCommandBody } from '@tocsin/domain';
import {
  EVENT_VARIABLE,
  STORY_START,
  compileFilter,
  playOut,
  type CorrelationRule,
  type Moment,
  type ResponsePolicy,
  type SilenceDocument,
  type StoryEvent,
  type Subscription,
} from '@tocsin/policy';

export interface Policies {
  rules: readonly CorrelationRule[];
  silences: readonly SilenceDocument[];
  subscriptions: readonly Subscription[];
  responses: readonly ResponsePolicy[];
}

export interface Notification {
  subscription: string;
  /** Of incidents. */
  rule?: string;
  change?: string;
  /** Of violations. */
  name?: string;
}

export interface Planned {
  policy: string;
  step: string;
  action: string;
  mode: string;
  target: string;
}

/** What came of a story. */
export interface Outcome {
  incidents: Incident[];
  notifications: Notification[];
  actions: Planned[];
  /** Commands that were refused, by what was said. */
  refused: string[];
  story: readonly Moment[];
}

const GRACE_MS = 5 * 60_000;

/** Plays a story with the policies, as the services would, on a clock of its own. */
export async function play(events: readonly StoryEvent[], policies: Policies): Promise<Outcome> {
  const story = playOut(events);
  const simulation = await Simulation.open({
    rules: compilePolicies(policies.rules, GRACE_MS),
    silences: silencesOf({ silences: policies.silences }),
    grace: GRACE_MS,
    startAt: STORY_START,
  });
  try {
    const refused: string[] = [];
    for (let index = 0; index < story.length;) {
      const { time, command } = story[index] as Moment;
      await simulation.advanceTo(time);
      if (command !== undefined) {
        refused.push(...(await say(simulation, command)));
        index++;
        continue;
      }
      const together = story.slice(index).findIndex((moment) => moment.time !== time || moment.command !== undefined);
      const moments = story.slice(index, together === -1 ? undefined : index + together);
      await simulation.feed(moments.flatMap(({ violation }) => violation ?? []));
      index += moments.length;
    }
    const told = simulation.told;
    return {
      incidents: (await simulation.incidents()).toSorted((a, b) => (a.first_seen + a.rule.name < b.first_seen + b.rule.name ? -1 : 1)),
      notifications: policies.subscriptions.flatMap((subscription) => notificationsOf(subscription, told, story)),
      actions: [],
      refused,
      story,
    };
  } finally {
    await simulation.close();
  }
}

async function say(simulation: Simulation, command: NonNullable<StoryEvent['command']>): Promise<string[]> {
  const { rule, into, actor, type } = command;
  const incidents = await simulation.incidents();
  const of = (name: string): Incident | undefined =>
    incidents.find((incident) => incident.rule.name === name && incident.status !== 'resolved') ??
    incidents.find((incident) => incident.rule.name === name);
  const incident = of(rule);
  if (incident === undefined) return [`${type} of rule "${rule}": there is no such incident at that time`];
  const body = { ...command, into: into === undefined ? undefined : of(into)?.id } as unknown as IncidentCommandBody;
  return (await simulation.command(incident.id, body, actor)) === 'applied' ? [] : [`${type} of rule "${rule}": refused, it is ${incident.status}`];
}

function notificationsOf({ metadata, spec }: Subscription, told: readonly Incident[], story: readonly Moment[]): Notification[] {
  if (!spec.enabled || spec.events === 'actions') return [];
  const filter = spec.filter === undefined ? undefined : compileFilter(spec.filter, EVENT_VARIABLE[spec.events]);
  const passes = (event: object): boolean => filter?.test(event) !== false;
  if (spec.events === 'violations') {
    const violations = story.flatMap(({ violation }) => violation ?? []).filter(passes);
    return violations.map(({ name }) => ({ subscription: metadata.name, name }));
  }
  const heard = told.filter((incident) => (incident.muted === undefined || spec.includeMuted) && passes(incident));
  return heard.map(({ rule, change }) => ({ subscription: metadata.name, rule: rule.name, change }));
}

/** The rule with all that it is chained to, and those that it inhibits: what its own tests need. */
export function rulesFor(rule: CorrelationRule, all: readonly CorrelationRule[]): CorrelationRule[] {
  const byName = new Map(all.map((one) => [one.metadata.name, one]));
  const needed = new Map<string, CorrelationRule>();
  const add = (one: CorrelationRule): void => {
    if (needed.has(one.metadata.name)) return;
    needed.set(one.metadata.name, one);
    for (const name of one.spec.rules) {
      const input = byName.get(name);
      if (input !== undefined) add(input);
    }
  };
  add({ ...rule, spec: { ...rule.spec, enabled: true } });
  for (const name of rule.spec.inhibits.flatMap(({ rules }) => rules)) {
    const muted = byName.get(name);
    if (muted !== undefined) add(muted);
  }
  // What others would inhibit is not here.
  return [...needed.values()].map((one) => (one.metadata.name === rule.metadata.name ? one : { ...one, spec: { ...one.spec, inhibits: [] } }));
}
