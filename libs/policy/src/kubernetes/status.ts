import { isDeepStrictEqual } from 'node:util';
import type { Verdict } from './judge.js';
import type { Condition, PolicyStatus } from './policy-object.js';

/** How often a document has come to something, and when it last did. */
export interface Hits {
  count: number;
  /** RFC 3339; null: never. */
  last: string | null;
}

/** The CustomResourceDefinitions take four times as much; whoever reads more reads the log. */
const MESSAGE_MAX = 8_000;

/** What is to be written back; undefined when that stands there. `now` is RFC 3339. Without `hits` those that stand there stay. */
export function statusOf({ object, mistakes, inForce }: Verdict, hits: Hits | undefined, now: string): PolicyStatus | undefined {
  const { status: before = {}, metadata } = object;
  const error = mistakes.length === 0 ? undefined : cut(mistakes.join('\n'));
  const condition = {
    type: 'Accepted',
    status: error === undefined ? 'True' : 'False',
    observedGeneration: metadata.generation,
    reason: error === undefined ? 'InForce' : 'Mistakes',
    message: error === undefined ? 'In force.' : cut(`${stands(inForce?.generation)} ${error}`),
  } as const;
  const previous = before.conditions?.find(({ type }) => type === condition.type);
  const lastTransitionTime = previous?.status === condition.status ? previous.lastTransitionTime : now;
  const counted = hits === undefined ? { hits: before.hits, lastHit: before.lastHit } : { hits: hits.count, lastHit: hits.last ?? undefined };
  const status = withoutUndefined({
    observedGeneration: metadata.generation,
    conditions: [{ ...condition, lastTransitionTime } satisfies Condition],
    error,
    inForce,
    ...counted,
  });
  return isDeepStrictEqual(status, before) ? undefined : status;
}

function stands(generation: number | undefined): string {
  return generation === undefined ? 'Nothing of it is in force.' : `Generation ${generation} stays in force.`;
}

function cut(text: string): string {
  return text.length <= MESSAGE_MAX ? text : `${text.slice(0, MESSAGE_MAX - 1)}…`;
}

function withoutUndefined(status: { [K in keyof PolicyStatus]: PolicyStatus[K] | undefined }): PolicyStatus {
  return Object.fromEntries(Object.entries(status).filter(([, value]) => value !== undefined));
}
