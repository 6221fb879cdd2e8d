import { z } from 'zod';
import { action } from './action.js';
import { incident } from './incident.js';
import { delivery } from './subscription.js';
import { violation } from './violation.js';

/** What became of a violation. */
export const road = z.object({
  violation,
  told: z.array(z.string()).describe('The whole road in sentences, for people.'),
  incidents: z.array(
    z.object({
      incident,
      rule: z.string().describe('The rule that the violation matched.'),
      rule_version: z.string().describe("Version of the incident's rule when it did."),
      late: z.boolean().describe('It came later than the correlator waits for.'),
    }),
  ),
  actions: z.array(action).describe('Planned for these incidents or for the violation, also those that were refused.'),
  deliveries: z.array(delivery).describe('Of the violation, of its incidents and of their actions; those attempted last come first.'),
});

export type RoadBody = z.infer<typeof road>;
