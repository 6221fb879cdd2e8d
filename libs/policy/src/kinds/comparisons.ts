import {
  severityId,
  type Disposition,
  type IncidentChange,
  type IncidentStatus,
  type ResolutionReason,
  type ViolationKind,
  type ActionMode,
  type ActionState,
} from '@tocsin/domain';
import { describeKnown } from '@tocsin/extension';
import type { ASTNode } from '@marcbachmann/cel-js';
import { fieldSteps, walk } from '../cel/ast.js';
import { fieldAt, type Tree } from '../cel/fields.js';
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
  contained: true,
  released: true,
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

const states: Choices<ActionState> = {
  planned: true,
  awaiting_approval: true,
  approved: true,
  running: true,
  active: true,
  reverting: true,
  reverted: true,
  succeeded: true,
  failed: true,
  rejected: true,
  expired: true,
  refused: true,
};
const modes: Choices<ActionMode> = { observe: true, propose: true, auto: true };

/** Fields that have one of few values. */
const CHOICES: Readonly<Record<string, Choices<string>>> = {
  'violation.kind': violationKinds,
  'violation.disposition': dispositions,
  'incident.status': statuses,
  'incident.change': changes,
  'incident.resolution.reason': reasons,
  'action.state': states,
  'action.mode': modes,
};

const COMPARISONS = new Set(['==', '!=', '<', '<=', '>', '>=']);

const TEXT_METHODS = new Set(['startsWith', 'endsWith', 'contains', 'matches', 'lowerAscii', 'upperAscii', 'trim', 'split']);

/**
 * What is done with a field that its type does not allow, and comparisons with something that it never is. They are valid CEL, and a
 * rule with one never matches, which nobody would notice.
 */
export function wrongComparisons(source: string, variable: EventVariable): { message: string; offset: number }[] {
  const found = [...walk(parseFilter(source, variable))].flatMap((node) => [...comparisonProblems(node, variable), ...callProblems(node, variable)]);
  return [...new Map(found.map((problem) => [problem.message, problem])).values()];
}

interface Problem {
  message: string;
  offset: number;
}

interface Field {
  path: string;
  type: Tree;
}

function fieldOf(node: ASTNode, variable: EventVariable): Field | undefined {
  const steps = fieldSteps(node, variable);
  const type = steps === undefined ? undefined : fieldAt(variable, steps);
  return steps === undefined || type === undefined ? undefined : { path: [variable, ...steps].join('.'), type };
}

function comparisonProblems(node: ASTNode, variable: EventVariable): Problem[] {
  return operandsOf(node).flatMap(([side, literal]) => {
    const field = fieldOf(side, variable);
    if (field === undefined || literal.op !== 'value') return [];
    const message = problemOf(field, literal.args, node.op);
    return message === undefined ? [] : [{ message, offset: literal.range.start }];
  });
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

function problemOf({ path, type }: Field, literal: unknown, op: string): string | undefined {
  // Whether there is one is asked with has(), but nobody is misled by this.
  if (literal === null) return undefined;
  const given = typeof literal === 'bigint' ? 'number' : typeof literal;
  const shown = typeof literal === 'object' ? given : String(literal as string | number | boolean | bigint);
  if (typeof type !== 'string')
    return `compares "${path}", which has fields of its own (${Object.keys(type).join(', ')}), with a ${NAMES[given] ?? given}`;
  if (type === 'list' || type === 'map') {
    const advice = given === 'string' ? `; write ${JSON.stringify(literal)} in ${path}` : '';
    return `compares "${path}", which is a ${type}, with a ${NAMES[given] ?? given}${advice}`;
  }
  if (type === 'number' && given === 'string') {
    const id = path.endsWith('.severity_id') ? severityId(literal as string) : undefined;
    return `compares "${path}", which is a number, with the text "${literal as string}"; write ${id ?? 'a number without quotes'}`;
  }
  if (type === 'text' && given !== 'string') return `compares "${path}", which is a text, with ${shown}; write "${shown}"`;
  if (type !== 'text' && given !== type) return `compares "${path}", which is a ${type}, with ${shown}`;
  if (type === 'boolean' && op !== '==' && op !== '!=' && op !== 'in')
    return `asks whether "${path}", which is true or false, is more or less than something`;
  const choices = CHOICES[path];
  if (choices === undefined || typeof literal !== 'string' || Object.hasOwn(choices, literal)) return undefined;
  return `compares "${path}" with "${literal}", which it never is; ${describeKnown(literal, Object.keys(choices))}`;
}

const NAMES: Readonly<Record<string, string>> = { string: 'text', number: 'number', boolean: 'boolean' };

/** Functions of texts, lists and maps on fields that hold something else. */
function callProblems(node: ASTNode, variable: EventVariable): Problem[] {
  if (node.op === 'rcall') {
    const [method, receiver] = node.args;
    const field = fieldOf(receiver, variable);
    if (field === undefined || field.type === 'text' || !TEXT_METHODS.has(method)) return [];
    const advice = field.type === 'list' ? `; write ${field.path}.exists(one, one.${method}(…))` : '';
    return [
      { message: `calls ${method}() on "${field.path}", which is ${typeText(field.type)}; it is for texts${advice}`, offset: receiver.range.start },
    ];
  }
  if (node.op === 'call' && node.args[0] === 'size') {
    const [argument] = node.args[1];
    const field = argument === undefined ? undefined : fieldOf(argument, variable);
    if (field === undefined || (field.type !== 'number' && field.type !== 'boolean')) return [];
    return [
      {
        message: `asks for the size of "${field.path}", which is ${typeText(field.type)}; it is for texts, lists and maps`,
        offset: node.range.start,
      },
    ];
  }
  return [];
}

function typeText(type: Tree): string {
  return typeof type === 'string' ? `a ${type}` : `a map with ${Object.keys(type).join(', ')}`;
}
