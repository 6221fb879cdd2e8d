import { z } from 'zod';
import { action } from './action.js';
import { incident } from './incident.js';
import { delivery } from './subscription.js';
import { violation } from './violation.js';

const reason = z.object({
  text: z.string().describe('The term, as the rule has it.'),
  holds: z.boolean(),
  negated: z.boolean().describe('It stands below a `!`: that it holds keeps the condition from passing.'),
  found: z.array(z.object({ field: z.string(), value: z.string().describe('As JSON; `absent` where the violation has nothing.') })),
  mistyped: z.boolean().describe('It compares what cannot be compared, such as text with a number.'),
});

/** What a rule makes of a violation, term by term. */
const ruleConditions = z.object({
  rule: z.string(),
  enabled: z.boolean(),
  conditions: z
    .array(z.object({ rule: z.string(), enabled: z.boolean(), matches: z.boolean(), reasons: z.array(reason).describe('The terms that decide.') }))
    .describe('Its own condition, or those of the rules that it is chained to.'),
});

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
  rule: ruleConditions.exactOptional().describe('Of the rule that was asked about, as it is in force now.'),
  actions: z.array(action).describe('Planned for these incidents or for the violation, also those that were refused.'),
  deliveries: z.array(delivery).describe('Of the violation, of its incidents and of their actions; those attempted last come first.'),
});

export type RoadBody = z.infer<typeof road>;
