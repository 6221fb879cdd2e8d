import { z } from 'zod';
import type { ActionDefinition } from '../../action.js';
import { metadataKey } from '../../kubernetes/names.js';
import type { ActionDeps } from '../deps.js';
import { metadataAction } from '../metadata-action.js';
import { READ_WORKLOADS, TARGET_METADATA } from '../permissions.js';

const config = z.strictObject({
  /** Annotations to set, by key. */
  set: z.record(metadataKey, z.string().max(10_000)).refine((set) => Object.keys(set).length > 0, 'sets nothing'),
});

export const annotate: ActionDefinition<z.infer<typeof config>, ActionDeps> = {
  type: 'annotate',
  summary: 'Sets annotations on a pod, workload or node: the gentlest way to ask people to look.',
  config,
  needs: { targets: ['pod', 'workload', 'node'], permissions: [...READ_WORKLOADS, ...TARGET_METADATA] },
  impact: 'adds',
  create: ({ set }, deps) => metadataAction('annotations', set, deps),
};
