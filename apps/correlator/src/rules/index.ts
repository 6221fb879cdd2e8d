import type { RuleKind } from './rule-kind.js';
import { eventCount } from './event_count/event_count.js';
import { single } from './single/single.js';

/** The rule kinds; `kind` of a CorrelationRule names one of them. */
export const ruleKinds: readonly RuleKind[] = [eventCount, single];
