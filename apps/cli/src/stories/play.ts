import { compilePolicies } from '@tocsin/correlator/policies';
import { Simulation, type SimulationOptions } from '@tocsin/correlator/simulation';
import type { Incident, IncidentCommandBody, Silence, Violation } from '@tocsin/domain';
import {
  STORY_START,
  playOut,
  type CorrelationRule,
  type Decode,
  type Moment,
  type ResponsePolicy,
  type StoryEvent,
  type StorySilence,
  type Subscription,
} from '@tocsin/policy';
import { actionsOf, notificationsOf, plannedOf, type Explained, type FoundIncident, type Outcome } from './outcome.js';

export interface Policies {
  rules: readonly CorrelationRule[];
  /** The same for all tests that have the same rules, since compiling takes longer than many a story. */
  compiled(): ReturnType<typeof compilePolicies>;
  silences: readonly StorySilence[];
  subscriptions: readonly Subscription[];
  responses: readonly ResponsePolicy[];
}

export type SimulationStore = NonNullable<SimulationOptions['store']>;

export interface PlayOptions {
  decode: Decode;
  /** Of `openSimulationStore`. */
  store: SimulationStore;
  /** Also say why. */
  explain: boolean;
}

/** As `correlator.grace` is by default. */
export const GRACE_MS = 5 * 60_000;

export function withRules(rules: readonly CorrelationRule[]): Pick<Policies, 'rules' | 'compiled'> {
  let compiled: ReturnType<typeof compilePolicies> | undefined;
  return { rules, compiled: () => (compiled ??= compilePolicies(rules, GRACE_MS)) };
}

/** Plays a story with the policies, as the services would, on a clock of its own. */
export async function play(events: readonly StoryEvent[], policies: Policies, { decode, store, explain }: PlayOptions): Promise<Outcome> {
  const story = playOut(events, decode);
  const rules = policies.compiled();
  const silences = policies.silences.map(silenceOf);
  const simulation = await Simulation.open({ rules, silences, grace: GRACE_MS, startAt: STORY_START, store });
  try {
    const refused = await tell(simulation, story);
    const told = simulation.told;
    const incidents = (await simulation.incidents()).toSorted(inOrder);
    const actions = actionsOf(policies.responses, told, story);
    return {
      incidents: incidents.map((incident) => found(incident, told)),
      notifications: policies.subscriptions.flatMap((subscription) => notificationsOf(subscription, { told, actions, story })),
      actions: actions.map(plannedOf),
      refused,
      story,
      explained: explain ? await explanationOf(simulation, story, [...rules.byName.values()], incidents) : undefined,
    };
  } finally {
    await simulation.close();
  }
}

/** Returns what was refused. */
async function tell(simulation: Simulation, story: readonly Moment[]): Promise<string[]> {
  const refused: string[] = [];
  for (let index = 0; index < story.length;) {
    const { time, command } = story[index] as Moment;
    await simulation.advanceTo(time);
    if (command !== undefined) {
      refused.push(...(await say(simulation, command)));
      index++;
      continue;
    }
    const end = story.findIndex((moment, at) => at > index && (moment.time !== time || moment.command !== undefined));
    const together = story.slice(index, end === -1 ? undefined : end);
    await simulation.feed(together.flatMap(({ violation }) => violation ?? []));
    index += together.length;
  }
  return refused;
}

async function say(simulation: Simulation, command: NonNullable<StoryEvent['command']>): Promise<string[]> {
  const { rule, into, actor, type } = command;
  const incidents = await simulation.incidents();
  const of = (name: string): Incident | undefined => {
    const named = incidents.filter((incident) => incident.rule.name === name);
    return named.find(({ status }) => status !== 'resolved') ?? named[0];
  };
  const incident = of(rule);
  if (incident === undefined) return [`${type}: there is no incident of the rule "${rule}" at that time`];
  const target = into === undefined ? undefined : of(into);
  if (into !== undefined && target === undefined) return [`${type}: there is no incident of the rule "${into}" at that time`];
  const body = { ...command, into: target?.id } as unknown as IncidentCommandBody;
  if ((await simulation.command(incident.id, body, actor)) === 'applied') return [];
  return [`${type}: refused, the incident of the rule "${rule}" is ${incident.status}`];
}

function silenceOf({ filter, from, until, comment }: StorySilence, index: number): Silence {
  const at = (offset: number): string => new Date(STORY_START + offset).toISOString();
  return { id: `story:${index}`, filter, starts_at: at(from), ends_at: at(until), author: 'test', comment, created_at: at(from) };
}

function inOrder(a: Incident, b: Incident): number {
  return a.first_seen + a.rule.name < b.first_seen + b.rule.name ? -1 : 1;
}

function found(incident: Incident, told: readonly Incident[]): FoundIncident {
  const first = told.find(({ id }) => id === incident.id);
  return { incident, opened: Date.parse(first?.updated_at ?? incident.updated_at) };
}

async function explanationOf(
  simulation: Simulation,
  story: readonly Moment[],
  rules: readonly { name: string; filter: { test(event: object): boolean } | undefined }[],
  incidents: readonly Incident[],
): Promise<Explained> {
  const violations = new Map(story.flatMap(({ violation }) => (violation === undefined ? [] : [[violation.id, violation]])));
  const passes = (violation: Violation): string[] => rules.flatMap(({ name, filter }) => (filter?.test(violation) === true ? [name] : []));
  const trails = new Map<string, { violation: Violation; rule: string }[]>();
  for (const { id } of incidents) {
    const trail = await simulation.trail(id);
    const members = trail.flatMap(({ id: violationId, rule }) => {
      const violation = violations.get(violationId);
      return violation === undefined ? [] : [{ violation, rule }];
    });
    trails.set(id, members);
  }
  return { matches: new Map([...violations].map(([id, violation]) => [id, passes(violation)])), trails };
}
