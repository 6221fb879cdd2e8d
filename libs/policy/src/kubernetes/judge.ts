import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { canonicalJson } from '@tocsin/domain';
import { ConfigErrors, type ConfigIssue } from '@tocsin/extension';
import type { PolicySchemas } from '../kinds/document-kind.js';
import { documentKinds } from '../kinds/index.js';
import type { Reach } from '../namespaces/reach.js';
import type { PolicySet } from '../policies.js';
import { parseVersion, placeOf, type Parsed, type PolicyObject, type Version } from './policy-object.js';

/** What becomes of one object. */
export interface Verdict {
  object: PolicyObject;
  /** What is wrong with it as it is now, each with its place; empty: it is accepted. */
  mistakes: string[];
  /** The version that is in force: this one, or the last good one; undefined: none. */
  inForce: Version | undefined;
}

export interface Judgement<T> {
  /** What the service makes of the documents in force. */
  result: T;
  verdicts: Verdict[];
  /** Of all that is in force. */
  digest: string;
}

export interface JudgeOptions<T> {
  schemas: PolicySchemas;
  /** What the service makes of a whole set. Throws `ConfigErrors` where documents do not go together. */
  interpret(set: PolicySet): T;
  /** How far an object goes; undefined: everywhere. */
  reachOf?(object: PolicyObject): Reach | undefined;
  /** The last good version of each object by its uid, where this process has seen one. */
  lastGood: ReadonlyMap<string, Version>;
}

/** A version that could be in force. */
interface Choice {
  version: Version;
  parsed: Parsed;
}

interface Candidate {
  object: PolicyObject;
  mistakes: string[];
  /** The best first; what comes after it is taken when it does not go together with the others. */
  choices: Choice[];
}

/**
 * Unlike files, which people change together, objects come one by one and from many people: a mistake in one leaves all others
 * in force, and the last good version of that one.
 */
export function judge<T>(objects: readonly PolicyObject[], options: JudgeOptions<T>): Judgement<T> {
  const candidates = objects.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1)).map((object) => candidateOf(object, options));
  for (;;) {
    const outcome = attempt(candidates, options);
    if ('result' in outcome) return { result: outcome.result, verdicts: candidates.map(verdictOf), digest: digestOf(candidates) };
    const blamed = blame(candidates, outcome.issues, options);
    if (blamed.length === 0) throw new ConfigErrors(outcome.issues);
    for (const { candidate, message } of blamed) giveUp(candidate, message);
  }
}

function candidateOf<T>(object: PolicyObject, { schemas, lastGood, reachOf }: JudgeOptions<T>): Candidate {
  const { generation, uid } = object.metadata;
  const present: Version = { generation, spec: object.spec };
  const last = lastGood.get(uid) ?? object.status?.inForce;
  const candidate: Candidate = { object, mistakes: [], choices: [] };
  for (const version of last === undefined || isDeepStrictEqual(last.spec, present.spec) ? [present] : [present, last]) {
    const parsed = parseVersion(object, version.spec, schemas, reachOf?.(object));
    if (!Array.isArray(parsed)) candidate.choices.push({ version, parsed });
    else if (version === present) candidate.mistakes.push(...parsed.map(textOf));
  }
  return candidate;
}

function attempt<T>(candidates: readonly Candidate[], { interpret }: JudgeOptions<T>): { result: T } | { issues: readonly ConfigIssue[] } {
  try {
    return { result: interpret(setOf(candidates)) };
  } catch (error) {
    if (error instanceof ConfigErrors) return { issues: error.issues };
    throw error;
  }
}

function setOf(candidates: readonly Candidate[]): PolicySet {
  const set = Object.fromEntries(Object.keys(documentKinds).map((list) => [list, []])) as unknown as Record<keyof PolicySet, unknown[]>;
  for (const { choices } of candidates) {
    const chosen = choices[0]?.parsed;
    if (chosen !== undefined) set[chosen.list].push(chosen.document);
  }
  return set as PolicySet;
}

/** Whose documents the issues are in. Where they are in none, the one without which there is another outcome is to blame. */
function blame<T>(
  candidates: readonly Candidate[],
  issues: readonly ConfigIssue[],
  options: JudgeOptions<T>,
): { candidate: Candidate; message: string }[] {
  const named = candidates.flatMap((candidate) => {
    const own = candidate.choices.length === 0 ? [] : issues.filter(({ file }) => file === placeOf(candidate.object));
    return own.length === 0 ? [] : [{ candidate, message: own.map(textOf).join('\n') }];
  });
  if (named.length > 0) return named;
  const candidate = candidates.find((one) => {
    if (one.choices.length === 0) return false;
    const without = attempt(
      candidates.filter((other) => other !== one),
      options,
    );
    return 'result' in without || !isDeepStrictEqual(without.issues, issues);
  });
  return candidate === undefined ? [] : [{ candidate, message: issues.map(({ file, ...issue }) => `${file}: ${textOf(issue)}`).join('\n') }];
}

function giveUp(candidate: Candidate, message: string): void {
  const refused = candidate.choices.shift();
  if (refused?.version.generation === candidate.object.metadata.generation) candidate.mistakes.push(message);
  else if (candidate.choices.length === 0)
    candidate.mistakes.push(`The version that was in force does not go together with others any more: ${message}`);
}

function verdictOf({ object, mistakes, choices }: Candidate): Verdict {
  return { object, mistakes, inForce: choices[0]?.version };
}

function digestOf(candidates: readonly Candidate[]): string {
  const inForce = candidates
    .flatMap(({ choices }) => choices[0]?.parsed.document ?? [])
    .map(({ kind, metadata, spec }) => ({ kind, metadata, spec }));
  return createHash('sha256')
    .update(canonicalJson(JSON.parse(JSON.stringify(inForce))))
    .digest('hex');
}

/** Lines and columns are of a text that nobody has written. */
function textOf({ path, message }: Pick<ConfigIssue, 'path' | 'message'>): string {
  return path === '' ? message : `${path}: ${message}`;
}
