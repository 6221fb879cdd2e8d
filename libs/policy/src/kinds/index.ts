import { correlationRule } from './correlation-rule.js';
import { subscription } from './subscription.js';

/** The kinds of policy documents, each under the name of its list in a `PolicySet`. */
export const documentKinds = {
  rules: correlationRule,
  subscriptions: subscription,
};
