import { z } from 'zod';
import type { ActionDefinition } from '../../action.js';
import { labelValue, metadataKey } from '../../kubernetes/names.js';
import type { ActionDeps } from '../deps.js';
import { metadataAction } from '../metadata-action.js';
import { READ_WORKLOADS, TARGET_METADATA } from '../permissions.js';

const config = z.strictObject({
  /** Labels to set, by key. */
  set: z.record(metadataKey, labelValue).refine((set) => Object.keys(set).length > 0, 'sets nothing'),
});

export const label: ActionDefinition<z.infer<typeof config>, ActionDeps> = {
  type: 'label',
  summary: 'Sets labels on a pod, workload or node, for people and for policies of others.',
  config,
  needs: { targets: ['pod', 'workload', 'node'], permissions: [...READ_WORKLOADS, ...TARGET_METADATA] },
  impact: 'adds',
  create: ({ set }, deps) => metadataAction('labels', set, deps),
};
