import type { RuleKind } from './rule-kind.js';
import { absence } from './absence/absence.js';
import { eventCount } from './event_count/event_count.js';
import { risk } from './risk/risk.js';
import { single } from './single/single.js';
import { temporal } from './temporal/temporal.js';
import { temporalOrdered } from './temporal_ordered/temporal_ordered.js';
import { valueCount } from './value_count/value_count.js';

/** The rule kinds; `kind` of a CorrelationRule names one of them. */
export const ruleKinds: readonly RuleKind[] = [absence, eventCount, risk, single, temporal, temporalOrdered, valueCount];
