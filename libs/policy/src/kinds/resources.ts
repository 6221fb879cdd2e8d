/**
 * The kinds that a cluster can hold as objects, and the names of their resources in the group `tocsin.dev`. A Scenario is none: it is for
 * `tocsin test`, where documents are written.
 */
export const POLICY_RESOURCES = {
  CorrelationRule: 'correlationrules',
  ResponsePolicy: 'responsepolicies',
  Silence: 'silences',
  SourceMapping: 'sourcemappings',
  Subscription: 'subscriptions',
} as const;

export type PolicyKind = keyof typeof POLICY_RESOURCES;
