import { describe, expect, it } from '@jest/globals';
import type { ActionState, IncidentChange, IncidentStatus, ResolutionReason } from '@tocsin/domain';
import { buildIncident, buildViolation } from '@tocsin/testing';
import { buildAction, buildDigest, FULL_VIOLATION, HOSTILE, input, runFormatContract, withText } from '../contract.js';
import type { FormatInput } from '../format.js';
import { ocsf } from './ocsf.js';
import { problemsOf } from './testing.js';

const format = ocsf.create({ raw: true });

interface Event extends Record<string, unknown> {
  message: string;
  finding_info: { desc: string };
}

function write(event: FormatInput): Event {
  return JSON.parse(format.write(event).body.toString()) as Event;
}

runFormatContract('ocsf', {
  format,
  mediaType: 'application/json',
  read({ body }, events) {
    const event = JSON.parse(body.toString()) as Record<string, string>;
    return {
      text: event[{ violations: 'message', incidents: 'desc', actions: 'status_detail', digests: 'message' }[events]] as string,
      fields: Object.keys(event).length,
    };
  },
});

describe('ocsf, by the official schema', () => {
  const stories: [string, FormatInput][] = [
    ['a violation of which little is known', input('violations', buildViolation({ workload: {}, cluster: '' }))],
    ['a violation of which everything is known', input('violations', FULL_VIOLATION)],
    ['a storm', input('digests', buildDigest({ sample: ['v'] }))],
    ['a group in which nothing is new', input('digests', buildDigest({ reason: 'repeat', count: 0, workloads: { values: [], others: 0 } }))],
    ...(['Detected', 'Blocked', 'Allowed', 'Reset'] as const).map(
      (disposition) => [`a violation that was ${disposition}`, input('violations', buildViolation({ disposition }))] as [string, FormatInput],
    ),
    [
      'a violation of a process without a number',
      input('violations', buildViolation({ process: { name: 'nc', parent: {} }, user: {}, container: {} })),
    ],
    ['a violation of an empty endpoint', input('violations', buildViolation({ src_endpoint: {}, dst_endpoint: { port: 53 }, file: {}, image: {} }))],
    ...(
      [
        ['opened', 'open'],
        ['acknowledged', 'acknowledged'],
        ['escalated', 'contained'],
        ['resolved', 'resolved'],
        ['merged', 'resolved'],
      ] as [IncidentChange, IncidentStatus][]
    ).map(
      ([change, status]) =>
        [`an incident that is ${status} (${change})`, input('incidents', buildIncident({ change, status }))] as [string, FormatInput],
    ),
    ...(['true_positive', 'benign', 'false_positive', 'duplicate', 'other', 'quiet', 'merged'] as ResolutionReason[]).map(
      (reason) =>
        [
          `an incident resolved as ${reason}`,
          input(
            'incidents',
            buildIncident({ status: 'resolved', resolution: { reason, by: 'ann', time: '2026-09-14T15:00:00.000Z' }, assignee: 'ann' }),
          ),
        ] as [string, FormatInput],
    ),
    [
      'an incident with violations',
      input('incidents', buildIncident({ violations: [{ id: 'v', time: FULL_VIOLATION.time }], attacks: FULL_VIOLATION.attacks })),
    ],
    ...(
      [
        'planned',
        'awaiting_approval',
        'approved',
        'running',
        'active',
        'reverting',
        'reverted',
        'succeeded',
        'failed',
        'rejected',
        'expired',
        'refused',
      ] as ActionState[]
    ).map((state) => [`an action that is ${state}`, input('actions', buildAction({ state }))] as [string, FormatInput]),
    ['an action of a type of its own', input('actions', buildAction({ type: 'constructor' }))],
    ['an action without a plan', input('actions', { ...buildAction(), plan: undefined } as never)],
  ];

  it.each(stories)('writes %s', (_name, event) => {
    expect(problemsOf(write(event))).toEqual([]);
  });

  it.each(HOSTILE.flatMap(([what, text]) => (['violations', 'incidents', 'actions', 'digests'] as const).map((kind) => [kind, what, text] as const)))(
    'writes %s with %s everywhere',
    (kind, _what, text) => {
      expect(problemsOf(write(withText(kind, text)))).toEqual([]);
    },
  );

  it.each([
    ['a missing attribute', { time: undefined }, 'detection_finding.time is missing'],
    ['an unknown attribute', { colour: 'red' }, 'detection_finding.colour does not exist'],
    ['a number of no choice', { severity_id: 7 }, 'detection_finding.severity_id is 7, which is none of 0, 1, 2, 3, 4, 5, 6, 99'],
    ['a caption of another number', { severity: 'Low' }, 'detection_finding.severity_id is 3 (Medium), but severity is "Low"'],
    ['a profile that is not named', { priority_id: 1 }, 'detection_finding.priority_id needs the profile incident'],
    ['a text for a number', { count: '1' }, 'detection_finding.count is no integer_t: "1"'],
    ['an attack without a name', { attacks: [{}] }, 'detection_finding.attacks[0] has none of tactic, technique, sub_technique'],
  ])('would tell %s', (_name, parts, problem) => {
    expect(problemsOf({ ...write(input('violations', buildViolation())), ...parts })).toContain(problem);
  });
});

describe('ocsf', () => {
  it('names classes, activities and outcomes', () => {
    const told = [
      input('violations', FULL_VIOLATION),
      input('incidents', buildIncident()),
      input('incidents', buildIncident({ change: 'resolved', status: 'resolved' })),
      input('actions', buildAction()),
      input('actions', buildAction({ state: 'reverted' })),
      input('actions', buildAction({ state: 'refused', refused_by: 'target_gone', type: 'evict' })),
      input('actions', buildAction({ state: 'failed' })),
    ].map(write);
    expect(told.map(({ type_name: type, status }) => [type, status])).toEqual([
      ['Detection Finding: Create', 'New'],
      ['Incident Finding: Create', 'New'],
      ['Incident Finding: Close', 'Resolved'],
      ['Remediation Activity: Isolate', 'Success'],
      ['Remediation Activity: Restore', 'Success'],
      ['Remediation Activity: Evict', 'Does Not Exist'],
      ['Remediation Activity: Isolate', 'Failure'],
    ]);
  });

  it('keeps what the sensor saw', () => {
    expect(write(input('violations', FULL_VIOLATION))).toMatchObject({
      time: Date.parse(FULL_VIOLATION.time),
      action: 'Denied',
      disposition: 'Blocked',
      attacks: [
        { tactic: { name: 'Command and Control' }, technique: { uid: 'T1059' }, sub_technique: { uid: 'T1059.004' } },
        { tactic: { name: 'Execution' } },
      ],
      evidences: [
        {
          process: { pid: 4711, cmd_line: FULL_VIOLATION.process?.cmd_line, parent_process: { pid: 4700 }, user: { name: 'root', uid: '0' } },
          container: { uid: 'f00ba4', pod_uuid: FULL_VIOLATION.pod?.uid },
          dst_endpoint: { ip: '2001:db8::9', port: 4444 },
        },
      ],
      resources: [
        { type: 'Workload', namespace: 'shop', labels: ['cluster:test'] },
        { type: 'Pod' },
        { type: 'Container' },
        { type: 'Image' },
        { type: 'Node' },
      ],
      raw_data: '{}',
    });
  });

  it("leaves out the sensor's own event where that is asked for", () => {
    expect(JSON.parse(ocsf.create({ raw: false }).write(input('violations', FULL_VIOLATION)).body.toString())).not.toHaveProperty('raw_data');
  });
});
