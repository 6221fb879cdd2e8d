import { correlationRule } from './correlation-rule.js';
import { responsePolicy } from './response-policy.js';
import { scenario } from './scenario.js';
import { silence } from './silence.js';
import { sourceMapping } from './source-mapping.js';
import { subscription } from './subscription.js';

/** The kinds of policy documents, each under the name of its list in a `PolicySet`. */
export const documentKinds = {
  rules: correlationRule,
  responses: responsePolicy,
  scenarios: scenario,
  silences: silence,
  mappings: sourceMapping,
  subscriptions: subscription,
};
