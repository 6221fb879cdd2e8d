import { correlationRule } from './correlation-rule.js';
import { silence } from './silence.js';
import { subscription } from './subscription.js';

/** The kinds of policy documents, each under the name of its list in a `PolicySet`. */
export const documentKinds = {
  rules: correlationRule,
  silences: silence,
  subscriptions: subscription,
};
