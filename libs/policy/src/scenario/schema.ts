import { RESOLUTION_REASONS } from '@tocsin/domain';
import { duration, severity } from '@tocsin/extension';
import { z } from 'zod';
import { misfits } from '../cel/fields.js';
import { condition } from '../kinds/parse.js';

/** Tests of policies: violations in, with the time that passes between them; what is to come of them out. */

const text = z.string().min(1).max(2_000);
const EVENT_KINDS = ['process', 'file', 'network', 'threat', 'audit', 'vulnerability', 'compliance', 'admission', 'generic'] as const;

/** What a command cannot be given without. */
const NEEDED = { assign: 'assignee', note: 'comment', resolve: 'reason', merge: 'into' } as const;

/** What an operator says in a story. */
const command = z
  .strictObject({
    type: z.enum(['acknowledge', 'assign', 'note', 'resolve', 'reopen', 'merge']),
    /** Of the incident that it is about: the oldest one of this rule that is not resolved, else the oldest. */
    rule: text,
    reason: z.enum(RESOLUTION_REASONS).optional(),
    comment: text.optional(),
    assignee: z.string().max(200).optional(),
    /** For a merge: the rule of the other incident. */
    into: text.optional(),
    actor: text.default('operator'),
  })
  .superRefine((said, context) => {
    const needed = said.type in NEEDED ? NEEDED[said.type as keyof typeof NEEDED] : undefined;
    if (needed !== undefined && said[needed] === undefined)
      context.addIssue({ code: 'custom', path: [needed], message: `is missing; the command "${said.type}" needs it` });
  });

/** Any fields of a violation; null takes one away. */
const fields = z.record(z.string(), z.unknown()).superRefine((given, context) => {
  for (const { path, message } of misfits(given, 'violation')) context.addIssue({ code: 'custom', path, message });
  for (const key of ['time', 'received_time']) {
    const time = given[key];
    if (time === undefined || (typeof time === 'string' && /^\d{4}-\d\d-\d\dT/.test(time) && !Number.isNaN(Date.parse(time)))) continue;
    context.addIssue({ code: 'custom', path: [key], message: 'expected a time such as "2026-01-01T12:00:00Z"' });
  }
});

/** An event as a sensor sends it, decoded as ingest would. */
const raw = z.strictObject({
  /** The source whose adapter reads it, such as `falco`. */
  source: text,
  /** For the source `generic`: the name of the mapping. */
  mapping: text.optional(),
  event: z.unknown().refine((event) => event !== undefined && event !== null, 'is missing; put the JSON of the sensor here'),
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
    /** Laid over the others. */
    with: fields.optional(),
    /** Instead of the fields above. Its time is that of the story. */
    raw: raw.optional(),
    command: command.optional(),
  })
  .refine(
    ({ command: said, at: _at, repeat: _repeat, every: _every, ...fields }) =>
      said === undefined || Object.values(fields).every((field) => field === undefined),
    {
      path: ['command'],
      message: 'stands beside fields of a violation; make them two events',
    },
  )
  .refine(
    ({ raw: sent, at: _at, repeat: _repeat, every: _every, with: _with, ...fields }) =>
      sent === undefined || Object.values(fields).every((field) => field === undefined),
    {
      path: ['raw'],
      message: 'stands beside fields of a violation, which it has itself; change some of them by "with"',
    },
  );

export type StoryEvent = z.output<typeof storyEvent>;
export type RawEvent = NonNullable<StoryEvent['raw']>;

const expectedIncident = z.strictObject({
  rule: text,
  title: text.optional(),
  severity: severity.optional(),
  status: z.enum(['open', 'acknowledged', 'contained', 'resolved']).optional(),
  count: z.number().int().min(1).optional(),
  late: z.number().int().min(0).optional(),
  /** Some or all of the values of `groupBy`. */
  group: z.record(z.string(), z.string()).optional(),
  /** When it was first told of, after the beginning of the story. */
  opened: duration.optional(),
  /** Of its first and its last violation. */
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

const MOMENTS_MAX = 100_000;

const events = z
  .array(storyEvent)
  .min(1)
  .max(1_000)
  .refine((list) => list.reduce((sum, { repeat }) => sum + repeat, 0) <= MOMENTS_MAX, {
    message: `repeats to more than ${MOMENTS_MAX} events; let fewer happen`,
    when: ({ issues }) => issues.length === 0,
  });

const named = { name: text, events };
const withoutSubscriptions = expectation.refine(({ notifications }) => notifications === undefined, {
  path: ['notifications'],
  message: 'is for documents of kind Scenario: a test beside a document runs without subscriptions',
});

/** A test beside a rule. */
export const ruleTest = z.strictObject({
  ...named,
  expect: withoutSubscriptions.refine(({ actions }) => actions === undefined, {
    path: ['actions'],
    message: 'is for ResponsePolicy and Scenario: a test beside a rule runs without response policies',
  }),
});

/** A test beside a response policy. */
export const responseTest = z.strictObject({ ...named, expect: withoutSubscriptions });

export type PolicyTest = z.output<typeof responseTest>;

/** A silence that lasts from one time of the story to another. */
const storySilence = z
  .strictObject({ filter: condition('incident'), from: duration.default(0), until: duration, comment: text.default('A silence of the story.') })
  .refine(({ from, until }) => from < until, { path: ['until'], message: 'is not after "from"; make it last' });

export type StorySilence = z.output<typeof storySilence>;

/** A test of the whole set of policies. */
export const scenarioSpec = z.strictObject({
  description: z.string().optional(),
  /** Documents of kind Silence are left out, since they come and go by the calendar. */
  silences: z.array(storySilence).max(100).default([]),
  events,
  expect: expectation,
});
