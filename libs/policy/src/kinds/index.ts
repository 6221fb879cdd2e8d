import { correlationRule, type CorrelationRule } from './correlation-rule.js';
import type { DocumentKind } from './document-kind.js';
import { subscription, type Subscription } from './subscription.js';

export type PolicyDocument = CorrelationRule | Subscription;

/** The kinds of policy documents. */
export const documentKinds: readonly DocumentKind<PolicyDocument>[] = [
  correlationRule,
  subscription,
];
