/** Every operation, by resource, and what answers look like. */
import { z } from 'zod';
import type { Route } from '../route.js';
import { CASE_ROUTES, CASE_SCHEMAS } from './cases.js';
import { DEAD_LETTER_ROUTES, DEAD_LETTER_SCHEMAS } from './dead-letters.js';
import { EVENT_ROUTES } from './events.js';
import { INCIDENT_ROUTES, INCIDENT_SCHEMAS } from './incidents.js';
import { LOGIN_ROUTES, LOGIN_SCHEMAS } from './login.js';
import { POLICY_ROUTES, POLICY_SCHEMAS } from './policies.js';
import { RESPONSE_ROUTES, RESPONSE_SCHEMAS } from './response.js';
import { SILENCE_ROUTES, SILENCE_SCHEMAS } from './silences.js';
import { SUBSCRIPTION_ROUTES, SUBSCRIPTION_SCHEMAS } from './subscriptions.js';
import { VIOLATION_ROUTES, VIOLATION_SCHEMAS } from './violations.js';

const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().exactOptional(),
  errors: z
    .array(z.object({ parameter: z.string(), detail: z.string() }))
    .exactOptional()
    .describe('Each parameter that is wrong.'),
});

/** What answers look like, by the name that the document gives it. The requests' schemas are those that check them. */
export const SCHEMAS = {
  ...VIOLATION_SCHEMAS,
  ...INCIDENT_SCHEMAS,
  ...SILENCE_SCHEMAS,
  ...DEAD_LETTER_SCHEMAS,
  ...RESPONSE_SCHEMAS,
  ...SUBSCRIPTION_SCHEMAS,
  ...CASE_SCHEMAS,
  ...POLICY_SCHEMAS,
  ...LOGIN_SCHEMAS,
  Problem: problem,
} as const satisfies Record<string, z.ZodType>;

export const ROUTES: readonly Route<keyof typeof SCHEMAS>[] = [
  ...VIOLATION_ROUTES,
  ...INCIDENT_ROUTES,
  ...EVENT_ROUTES,
  ...SILENCE_ROUTES,
  ...DEAD_LETTER_ROUTES,
  ...RESPONSE_ROUTES,
  ...SUBSCRIPTION_ROUTES,
  ...CASE_ROUTES,
  ...POLICY_ROUTES,
  ...LOGIN_ROUTES,
];
