import { SEVERITIES, severityId, type SeverityId } from '@tocsin/domain';
import { describeKnown } from '@tocsin/extension';
import { z } from 'zod';
import { ACTION_STATES } from '../resources/action.js';
import { CASE_STATES } from '../resources/case.js';
import { STAGES } from '../resources/dead-letter.js';
import { STATUSES } from '../resources/incident.js';
import { POLICY_KINDS } from '../resources/policy.js';
import { DELIVERY_STATES } from '../resources/subscription.js';
import { KINDS } from '../resources/violation.js';

const MAX_LIMIT = 500;
const DEFAULT_LIMIT = 50;
const MAX_TEXT = 2_000;
const SEVERITY_NAMES = Object.values(SEVERITIES).map((name) => name.toLowerCase());

const text = (description: string) =>
  z
    .string({ error: 'expected one text' })
    .min(1, { error: 'expected a text that is not empty' })
    .max(MAX_TEXT, { error: `expected at most ${MAX_TEXT} characters` })
    .optional()
    .describe(description);
const oneOf = <const Value extends string>(values: readonly Value[], description: string) =>
  z
    .enum(values, { error: `expected one of ${values.join(', ')}` })
    .optional()
    .describe(description);
const instant = (description: string) =>
  z.iso
    .datetime({ offset: true, error: 'expected an RFC 3339 time, for example 2026-09-14T14:02:11Z' })
    .optional()
    .describe(description)
    .meta({ examples: ['2026-09-14T14:02:11Z'] });
const limitError = { error: `expected a whole number from 1 to ${MAX_LIMIT}` };

const page = {
  limit: z.coerce.number(limitError).int(limitError).min(1, limitError).max(MAX_LIMIT, limitError).default(DEFAULT_LIMIT).describe('Items per page.'),
  cursor: text('`next_cursor` of the page before.'),
};
const severity = oneOf(SEVERITY_NAMES, 'This severity or a higher one.');

/** Unknown parameters are refused: a misspelt filter would answer with everything. */
export const violationsQuery = z.strictObject({
  source: text('Type of the source, for example falco.'),
  kind: oneOf(KINDS, 'Kind of event.'),
  severity,
  cluster: text('Name of the cluster.'),
  namespace: text("The workload's namespace."),
  workload: text("The workload's name."),
  name: text("The sensor's rule or event name."),
  since: instant('At or after this time.'),
  until: instant('Before this time.'),
  ...page,
});

export const incidentsQuery = z.strictObject({
  status: oneOf(STATUSES, 'State of the incident.'),
  severity,
  rule: text('Name of the rule.'),
  cluster: text('Name of the cluster.'),
  namespace: text('A namespace that the incident is about.'),
  assignee: text('Who it is assigned to.'),
  muted: oneOf(['true', 'false'], 'Whether nobody is told of it, because of a silence or another incident.'),
  since: instant('Last seen at or after this time.'),
  ...page,
});

export const evidenceQuery = z.strictObject(page);

export const historyQuery = z.strictObject(page);

export const silencesQuery = z.strictObject({ active: oneOf(['true'], 'Only those that are in force now.'), ...page });

export const casesQuery = z.strictObject({
  subscription: text('By which they are kept.'),
  state: oneOf(CASE_STATES, 'State of the case.'),
  ...page,
});

export const deadLettersQuery = z.strictObject({
  stage: oneOf(STAGES, 'Where it failed.'),
  reason: text('Why, for example bad_input.'),
  component: text('Which source, rule or subscription it was about.'),
  since: instant('Given up at or after this time.'),
  until: instant('Given up before this time.'),
  ...page,
});

export const actionsQuery = z.strictObject({
  state: oneOf(ACTION_STATES, 'State of the action.'),
  policy: text('Name of the policy.'),
  type: text('What is done, for example quarantine.'),
  cluster: text('Name of the cluster.'),
  namespace: text('Of the target, as far as it was looked at.'),
  incident: text('Id of the incident that is answered.'),
  violation: text('Id of the violation that is answered.'),
  ...page,
});

export const artefactsQuery = z.strictObject({ incident: text('Id of an incident.'), action: text('Id of an action.') });

export const auditQuery = z.strictObject({
  after: z.coerce
    .number({ error: 'expected the `seq` of a record' })
    .int({ error: 'expected the `seq` of a record' })
    .min(0, { error: 'expected the `seq` of a record' })
    .default(0)
    .describe('Records after this `seq`.'),
  subject: text('Id of an action, or what else it is about.'),
  limit: page.limit,
});

export const deliveriesQuery = z.strictObject({
  subscription: text('Name of the subscription.'),
  state: oneOf(DELIVERY_STATES, 'State of the delivery.'),
  event: text('Id of the event; of incidents and actions with the version.'),
  about: text('Id of an incident or action: every event of it.'),
  ...page,
});

const HOUR_S = 3_600;
const secondsError = { error: `expected a whole number from 0 to ${HOUR_S}` };

export const eventsQuery = z.strictObject({
  type: oneOf(['incident', 'action'], 'Changes of these alone.'),
  severity,
  incident: text('Id of an incident: its changes, and those of its actions.'),
  after: text('Id of the last event that was read; `Last-Event-ID` says the same. What came after it is sent first, as far as it is known.'),
  for: z.coerce
    .number(secondsError)
    .int(secondsError)
    .min(0, secondsError)
    .max(HOUR_S, secondsError)
    .default(HOUR_S)
    .describe('Seconds until the stream ends; 0: what there is after `after`, and the end.'),
});

export const roadQuery = z.strictObject({ rule: text('Name of a rule: says term by term why it matches the violation, or does not.') });

export const policiesQuery = z.strictObject({ kind: oneOf(POLICY_KINDS, 'Kind of the document.') });

export const tokensQuery = z.strictObject(page);

export const noQuery = z.strictObject({});

export interface ParameterError {
  parameter: string;
  detail: string;
}

/** The request's parameters are wrong; says which, what was found and what was expected. */
export class BadParameters extends Error {
  override readonly name = 'BadParameters';
  readonly errors: readonly ParameterError[];
  constructor(errors: readonly ParameterError[]) {
    super(errors.map(({ parameter, detail }) => `${parameter}: ${detail}`).join('; '));
    this.errors = errors;
  }
}

/** Throws `BadParameters` with all mistakes at once. */
export function readQuery<T>(schema: z.ZodType<T> & { shape: object }, query: unknown): T {
  const parsed = schema.safeParse(query);
  if (parsed.success) return parsed.data;
  throw new BadParameters(
    parsed.error.issues.flatMap((issue): ParameterError[] => {
      if (issue.code === 'unrecognized_keys') {
        return issue.keys.map((key) => ({
          parameter: shorten(key),
          detail: `is no parameter here; ${describeKnown(key.slice(0, 50), Object.keys(schema.shape))}`,
        }));
      }
      const parameter = String(issue.path[0]);
      const found = (query as Record<string, unknown>)[parameter];
      return [
        { parameter, detail: `${issue.message}, found ${Array.isArray(found) ? `${found.length} values` : JSON.stringify(shorten(String(found)))}` },
      ];
    }),
  );
}

function shorten(value: string): string {
  return value.length > 100 ? `${value.slice(0, 100)}…` : value;
}

export function minimumSeverity(name: string | undefined): SeverityId | undefined {
  return name === undefined ? undefined : severityId(name);
}
