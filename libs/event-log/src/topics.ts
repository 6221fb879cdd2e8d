import type { TopicSpec } from './port.js';

const DAY_MS = 24 * 60 * 60 * 1000;

/** The topics of the product. Names are on the wire and in ACLs: they are for ever. */
export const Topic = {
  /** Key: cluster/namespace/workload. */
  Violations: 'tocsin.violations',
  /** Rule matches re-keyed by rule and group, where a rule groups by something else than the violations' key. */
  Signals: 'tocsin.signals',
  /** Key: incident id. */
  Incidents: 'tocsin.incidents',
  /** Key: target. */
  Actions: 'tocsin.actions',
  /** Key: incident or action id. What operators say. */
  Commands: 'tocsin.commands',
  /** Key: subscription. What many events are told as. */
  Digests: 'tocsin.digests',
  /** Key: the original record's. */
  DeadLetters: 'tocsin.dead-letters',
} as const;

export type TopicName = (typeof Topic)[keyof typeof Topic];

const RETENTION_DAYS: Record<TopicName, number> = {
  [Topic.Violations]: 7,
  [Topic.Signals]: 1,
  [Topic.Incidents]: 90,
  [Topic.Actions]: 90,
  [Topic.Commands]: 90,
  [Topic.Digests]: 30,
  [Topic.DeadLetters]: 30,
};

/** Partition counts are fixed at creation: 12 divides evenly among 1, 2, 3, 4, 6 or 12 replicas. */
export const DEFAULT_PARTITIONS = 12;

export function topicSpecs(partitions: number = DEFAULT_PARTITIONS): TopicSpec[] {
  return Object.entries(RETENTION_DAYS).map(([name, days]) => ({ name, partitions, retentionMs: days * DAY_MS }));
}
