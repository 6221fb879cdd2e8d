import { VIOLATION_SCHEMA, violationId, type Violation } from '@tocsin/domain';

/** A violation that a test can read: what is not said is plain and valid. The id follows from the content. */
export function buildViolation(parts: Partial<Violation> = {}): Violation {
  const violation: Omit<Violation, 'id'> = {
    schema: VIOLATION_SCHEMA,
    source: 'falco',
    kind: 'process',
    name: 'Terminal shell in container',
    message: 'A shell was spawned in a container',
    severity_id: 3,
    time: '2026-09-14T14:02:11.123Z',
    received_time: '2026-09-14T14:02:12.000Z',
    cluster: 'test',
    workload: { namespace: 'shop', name: 'web' },
    disposition: 'Detected',
    attacks: [],
    tags: [],
    count: 1,
    raw: '{}',
    ...parts,
  };
  const { received_time: _received, raw: _raw, ...identity } = violation;
  return { id: violationId(violation.source, violation.cluster, JSON.stringify(identity), violation.time), ...violation, ...parts };
}
