import { severityId, type Disposition, type IncidentChange, type IncidentStatus, type ResolutionReason, type ViolationKind } from '@tocsin/domain';
import { describeKnown } from '@tocsin/extension';
import type { ASTNode } from '@marcbachmann/cel-js';
import { fieldSteps, walk } from '../cel/ast.js';
import { parseFilter, type EventVariable } from '../cel/filter.js';

/** The compiler keeps a list complete: a value that the domain gains is missing here. */
type Choices<T extends string> = Readonly<Record<T, true>>;

const violationKinds: Choices<ViolationKind> = {
  process: true,
  file: true,
  network: true,
  threat: true,
  audit: true,
  vulnerability: true,
  compliance: true,
  admission: true,
  generic: true,
};
const dispositions: Choices<Disposition> = { Detected: true, Blocked: true, Allowed: true, Reset: true };
const statuses: Choices<IncidentStatus> = { open: true, acknowledged: true, contained: true, resolved: true };
const changes: Choices<IncidentChange> = {
  opened: true,
  updated: true,
  escalated: true,
  de_escalated: true,
  acknowledged: true,
  assigned: true,
  noted: true,
  resolved: true,
  reopened: true,
  merged: true,
  muted: true,
  unmuted: true,
};
const reasons: Choices<ResolutionReason> = {
  true_positive: true,
  benign: true,
  false_positive: true,
  duplicate: true,
  other: true,
  quiet: true,
  merged: true,
};

/** Fields that have one of few values. */
const CHOICES: Readonly<Record<string, Choices<string>>> = {
  'violation.kind': violationKinds,
  'violation.disposition': dispositions,
  'incident.status': statuses,
  'incident.change': changes,
  'incident.resolution.reason': reasons,
};

/** Fields that hold a number. */
const NUMBERS: ReadonlySet<string> = new Set([
  'violation.severity_id',
  'violation.count',
  'violation.clock_skew_ms',
  'violation.user.uid',
  'violation.process.pid',
  'violation.process.parent.pid',
  'violation.src_endpoint.port',
  'violation.dst_endpoint.port',
  'incident.severity_id',
  'incident.count',
  'incident.late',
  'incident.version',
]);

const COMPARISONS = new Set(['==', '!=', '<', '<=', '>', '>=']);

/**
 * Comparisons of a field with something that it never is. They are valid CEL, and a rule with one never matches, which
 * nobody would notice.
 */
export function wrongComparisons(source: string, variable: EventVariable): { message: string; offset: number }[] {
  return [...walk(parseFilter(source, variable))].flatMap((node) =>
    operandsOf(node).flatMap(([field, literal]) => {
      const steps = fieldSteps(field, variable);
      if (steps === undefined || literal.op !== 'value') return [];
      const message = problemOf([variable, ...steps].join('.'), literal.args);
      return message === undefined ? [] : [{ message, offset: literal.range.start }];
    }),
  );
}

/** A field and what it is compared with; both ways, as either may be the field. */
function operandsOf(node: ASTNode): [ASTNode, ASTNode][] {
  if (node.op === 'in') {
    const [field, list] = node.args;
    return list.op === 'list' ? list.args.map((item) => [field, item]) : [];
  }
  if (!COMPARISONS.has(node.op)) return [];
  const [left, right] = node.args as [ASTNode, ASTNode];
  return [
    [left, right],
    [right, left],
  ];
}

function problemOf(path: string, literal: unknown): string | undefined {
  if (typeof literal !== 'string') return undefined;
  if (NUMBERS.has(path)) {
    const id = path.endsWith('.severity_id') ? severityId(literal) : undefined;
    return `compares "${path}", which is a number, with the text "${literal}"; write ${id ?? 'a number without quotes'}`;
  }
  const choices = CHOICES[path];
  if (choices === undefined || Object.hasOwn(choices, literal)) return undefined;
  return `compares "${path}" with "${literal}", which it never is; ${describeKnown(literal, Object.keys(choices))}`;
}
