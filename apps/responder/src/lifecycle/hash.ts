import { createHash } from 'node:crypto';
import { canonicalJson, type ActionPlan } from '@tocsin/domain';

/** What an approval is bound to. */
export function planHash(plan: ActionPlan): string {
  return createHash('sha256').update(canonicalJson(plan)).digest('hex');
}
