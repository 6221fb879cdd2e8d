import type { SubscriptionSpec } from '@tocsin/policy';
import type { SeverityId } from '@tocsin/domain';

/** How a subscription tells of many events at once: always by groups, or only in storms. */
export type GatheringPlan =
  | { kind: 'group'; by: readonly string[]; waitMs: number; intervalMs: number; repeatMs: number | undefined }
  | { kind: 'storm'; above: number; everyMs: number; individually: SeverityId };

/** Undefined where each event is told by itself whatever comes. */
export function gatheringPlan({ group, digest }: Pick<SubscriptionSpec, 'group' | 'digest'>): GatheringPlan | undefined {
  if (group !== undefined) return { kind: 'group', by: group.by, waitMs: group.wait, intervalMs: group.interval, repeatMs: group.repeat };
  if (digest === undefined) return undefined;
  return { kind: 'storm', above: digest.above, everyMs: digest.every, individually: digest.individually };
}
