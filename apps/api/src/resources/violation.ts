import { SEVERITIES, VIOLATION_SCHEMA, type Disposition, type SeverityId, type Violation, type ViolationKind } from '@tocsin/domain';
import { z } from 'zod';

export const KINDS = [
  'process',
  'file',
  'network',
  'threat',
  'audit',
  'vulnerability',
  'compliance',
  'admission',
  'generic',
] as const satisfies readonly ViolationKind[];
const DISPOSITIONS = ['Detected', 'Blocked', 'Allowed', 'Reset'] as const satisfies readonly Disposition[];
const SEVERITY_IDS = Object.keys(SEVERITIES).map(Number) as SeverityId[];

export const time = z.iso.datetime().describe('RFC 3339 UTC with milliseconds.');
export const severityId = z.literal(SEVERITY_IDS).describe('OCSF severity: 1 Informational, 2 Low, 3 Medium, 4 High, 5 Critical, 6 Fatal.');

export const attack = z.object({
  tactic: z.string().exactOptional().describe('MITRE ATT&CK tactic.'),
  technique: z.string().exactOptional().describe('MITRE ATT&CK technique, for example T1059.004.'),
});

const text = z.string().exactOptional();
const number = z.number().exactOptional();

const endpoint = z.object({ ip: text, port: number, hostname: text, workload: text, namespace: text });

/** A violation as the API shows it. Fields that a later release adds pass through. */
export const violation: z.ZodType<Violation> = z.object({
  schema: z.literal(VIOLATION_SCHEMA),
  id: z.uuid(),
  source: z.string().describe('Type of the source that reported it, for example falco.'),
  kind: z.enum(KINDS),
  name: z.string().describe("The sensor's rule or event name."),
  message: z.string(),
  severity_id: severityId,
  time: time.describe("When it happened by the sensor's clock."),
  received_time: time.describe('When Tocsin accepted it.'),
  clock_skew_ms: number.describe("Set when the sensor's clock was so far off that the time was replaced."),
  cluster: z.string(),
  workload: z.object({ namespace: text, name: text }),
  pod: z.object({ name: text, uid: text }).exactOptional(),
  container: z.object({ id: text, name: text }).exactOptional(),
  image: z.object({ name: text, tag: text, digest: text }).exactOptional(),
  node: z.object({ name: text }).exactOptional(),
  user: z.object({ name: text, uid: number }).exactOptional(),
  process: z
    .object({
      name: text,
      path: text,
      cmd_line: text,
      pid: number,
      parent: z.object({ name: text, cmd_line: text, pid: number }).exactOptional(),
    })
    .exactOptional(),
  file: z.object({ path: text }).exactOptional(),
  src_endpoint: endpoint.exactOptional(),
  dst_endpoint: endpoint.exactOptional(),
  protocol: text,
  disposition: z.enum(DISPOSITIONS).describe('What the sensor did about it.'),
  attacks: z.array(attack),
  tags: z.array(z.string()),
  labels: z.record(z.string(), z.string()).exactOptional(),
  count: z.int().describe('How often the sensor itself counted it.'),
  raw: z.string().describe("The sensor's own event as it arrived."),
  raw_truncated: z.boolean().exactOptional(),
});
