import { incidentId, type Incident } from '@tocsin/domain';

/** An incident that a test can read: what is not said is plain and valid. */
export function buildIncident(parts: Partial<Incident> = {}): Incident {
  return {
    schema: 1,
    id: incidentId('shell-in-container', 'v1', JSON.stringify(parts.group ?? ['shop', 'web']), parts.first_seen ?? '2026-09-14'),
    version: 1,
    change: 'opened',
    status: 'open',
    rule: { name: 'shell-in-container', version: 'v1', title: 'Shell in a container' },
    title: 'Shell in a container (shop/web)',
    reason: '1 violation matched rule "shell-in-container", and one match is enough.',
    severity_id: 4,
    cluster: 'test',
    group: { cluster: 'test', 'workload.namespace': 'shop', 'workload.name': 'web' },
    entities: [{ type: 'workload', name: 'shop/web' }],
    attacks: [],
    count: 1,
    late: 0,
    first_seen: '2026-09-14T14:02:11.123Z',
    last_seen: '2026-09-14T14:02:11.123Z',
    violations: [],
    updated_at: '2026-09-14T14:02:12.000Z',
    ...parts,
  };
}
