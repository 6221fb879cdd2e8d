import type { Action, Incident, Violation } from '@tocsin/domain';
import { EVENT_VARIABLE, compileFilter, type Moment, type ResponsePolicy, type Subscription } from '@tocsin/policy';
import { compilePolicies, planActions } from '@tocsin/responder/policies';

export interface Notification {
  subscription: string;
  /** Of incidents. */
  rule?: string;
  change?: string;
  /** The name of a violation, the type of an action. */
  name?: string;
}

export interface Planned {
  policy: string;
  step: string;
  action: string;
  mode: string;
  target: string;
}

/** An incident, and when it was first told of. */
export interface FoundIncident {
  incident: Incident;
  /** Milliseconds since 1970. */
  opened: number;
}

/** What came of a story. */
export interface Outcome {
  incidents: FoundIncident[];
  notifications: Notification[];
  actions: Planned[];
  /** Commands that were refused, by what was said. */
  refused: string[];
  story: readonly Moment[];
  /** For telling why. */
  explained: Explained | undefined;
}

export interface Explained {
  /** The rules whose filter the violation passes, by its id. */
  matches: ReadonlyMap<string, readonly string[]>;
  /** The violations of an incident, by its id, each with the rule that it came through. */
  trails: ReadonlyMap<string, readonly { violation: Violation; rule: string }[]>;
}

/** What the policies want done. What is planned again is the same action. */
export function actionsOf(responses: readonly ResponsePolicy[], told: readonly Incident[], story: readonly Moment[]): Action[] {
  const policies = compilePolicies(responses);
  const subjects = [...told.map((incident) => ({ incident })), ...violationsOf(story).map((violation) => ({ violation }))];
  const planned = new Map<string, Action>();
  for (const action of subjects.flatMap((subject) => planActions(policies, subject).planned)) {
    if (!planned.has(action.id)) planned.set(action.id, action);
  }
  return [...planned.values()];
}

export function plannedOf({ policy, step, type, mode, target }: Action): Planned {
  return { policy, step, action: type, mode, target: targetText(target) };
}

/** As kubectl would name it: `pod/shop/web-1`. The id of an incident or a violation says nothing to people. */
function targetText({ type, name }: Action['target']): string {
  return type === 'incident' || type === 'violation' ? type : `${type}/${name}`;
}

/** What goes to the subscription, in the order in which it would. */
export function notificationsOf(
  { metadata, spec }: Subscription,
  { told, actions, story }: { told: readonly Incident[]; actions: readonly Action[]; story: readonly Moment[] },
): Notification[] {
  if (!spec.enabled) return [];
  const filter = spec.filter === undefined ? undefined : compileFilter(spec.filter, EVENT_VARIABLE[spec.events]);
  const passes = (event: object): boolean => filter?.test(event) !== false;
  const subscription = metadata.name;
  switch (spec.events) {
    case 'violations':
      return violationsOf(story)
        .filter(passes)
        .map(({ name }) => ({ subscription, name }));
    case 'incidents':
      return told
        .filter((incident) => (incident.muted === undefined || spec.includeMuted) && passes(incident))
        .map(({ rule, change }) => ({ subscription, rule: rule.name, change }));
    case 'actions':
      return actions.filter(passes).map(({ type }) => ({ subscription, name: type }));
  }
}

function violationsOf(story: readonly Moment[]): Violation[] {
  return story.flatMap(({ violation }) => violation ?? []);
}
