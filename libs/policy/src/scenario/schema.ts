import { RESOLUTION_REASONS } from '@tocsin/domain';
import { duration, severity } from '@tocsin/extension';
import { z } from 'zod';

/** Tests of policies: violations in, with the time that passes between them; what is to come of them out. */

const text = z.string().min(1).max(2_000);
const EVENT_KINDS = ['process', 'file', 'network', 'threat', 'audit', 'vulnerability', 'compliance', 'admission', 'generic'] as const;

/** What an operator says in a story. */
const command = z.strictObject({
  type: z.enum(['acknowledge', 'assign', 'note', 'resolve', 'reopen', 'merge']),
  /** Of the incident that it is about: the oldest one of this rule. */
  rule: text,
  reason: z.enum(RESOLUTION_REASONS).optional(),
  comment: text.optional(),
  assignee: z.string().max(200).optional(),
  /** For a merge: the rule of the other incident. */
  into: text.optional(),
  actor: text.default('operator'),
});

/** One thing that happens: a violation, a command, or with `at` alone nothing but the passing of time. */
export const storyEvent = z
  .strictObject({
    /** After the beginning of the story; when absent, together with the one before. */
    at: duration.optional(),
    /** How often it happens, and how far apart. */
    repeat: z.number().int().min(1).max(10_000).default(1),
    every: duration.default(0),
    source: text.optional(),
    kind: z.enum(EVENT_KINDS).optional(),
    /** The sensor's rule or event name. */
    name: text.optional(),
    message: text.optional(),
    severity: severity.optional(),
    cluster: text.optional(),
    namespace: text.optional(),
    workload: text.optional(),
    pod: text.optional(),
    container: text.optional(),
    image: text.optional(),
    node: text.optional(),
    user: text.optional(),
    /** The process's name. */
    process: text.optional(),
    /** The file's path. */
    file: text.optional(),
    /** Any fields of a violation, laid over the others. */
    with: z.record(z.string(), z.unknown()).optional(),
    command: command.optional(),
  })
  .refine(
    ({ command: said, at: _at, repeat: _repeat, every: _every, ...fields }) =>
      said === undefined || Object.values(fields).every((field) => field === undefined),
    {
      path: ['command'],
      message: 'stands beside fields of a violation; make them two events',
    },
  );

export type StoryEvent = z.output<typeof storyEvent>;

const expectedIncident = z.strictObject({
  rule: text,
  title: text.optional(),
  severity: severity.optional(),
  status: z.enum(['open', 'acknowledged', 'contained', 'resolved']).optional(),
  count: z.number().int().min(1).optional(),
  late: z.number().int().min(0).optional(),
  /** Some or all of the values of `groupBy`. */
  group: z.record(z.string(), z.string()).optional(),
  /** Of its first and its last violation, after the beginning of the story. */
  firstSeen: duration.optional(),
  lastSeen: duration.optional(),
  muted: z.boolean().optional(),
  resolution: text.optional(),
  assignee: text.optional(),
});

export type ExpectedIncident = z.output<typeof expectedIncident>;

const expectedNotification = z.strictObject({ subscription: text, rule: text.optional(), change: text.optional(), name: text.optional() });
const expectedAction = z.strictObject({
  policy: text,
  step: text.optional(),
  action: text.optional(),
  mode: text.optional(),
  target: text.optional(),
});

export type ExpectedNotification = z.output<typeof expectedNotification>;
export type ExpectedAction = z.output<typeof expectedAction>;

/** What is named must come, and nothing else of its sort; a sort that is not named may be as it likes. */
export const expectation = z
  .strictObject({
    incidents: z.array(expectedIncident).max(1_000).optional(),
    notifications: z.array(expectedNotification).max(1_000).optional(),
    actions: z.array(expectedAction).max(1_000).optional(),
  })
  .refine(
    (expected) => Object.values(expected).some((list) => list !== undefined),
    'expects nothing; name "incidents", "notifications" or "actions", which may be empty: []',
  );

export type Expectation = z.output<typeof expectation>;

const events = z.array(storyEvent).min(1).max(1_000);

/** A test beside the rule or policy that it is about. */
export const policyTest = z.strictObject({ name: text, events, expect: expectation });

export type PolicyTest = z.output<typeof policyTest>;

/** A test of the whole set of policies. */
export const scenarioSpec = z.strictObject({ description: z.string().optional(), events, expect: expectation });
