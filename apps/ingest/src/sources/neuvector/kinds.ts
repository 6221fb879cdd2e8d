import type { ViolationKind } from '@tocsin/domain';
import { field, text, type Fields } from '../read.js';

/** NeuVector's log categories. */
export type Category = 'violation' | 'threat' | 'incident' | 'audit' | 'event';

const CATEGORIES: ReadonlySet<string> = new Set<Category>(['violation', 'threat', 'incident', 'audit', 'event']);

/**
 * Syslog says the category as `notification`; a webhook's JSON does not, so it is told by the fields that only one
 * category has. `critical_vul_cnt` is missing before 5.x. Undefined: not a NeuVector record.
 */
export function categoryOf(record: Fields): Category | undefined {
  const said = text(record, 'notification');
  if (said === 'activity') return 'event';
  if (said !== undefined && CATEGORIES.has(said)) return said as Category;
  const has = (key: string): boolean => field(record, key) !== undefined;
  if (has('threat_id')) return 'threat';
  if (has('policy_action')) return 'violation';
  if (has('rule_id') && has('action')) return 'incident';
  if (has('critical_vul_cnt') || has('high_vul_cnt')) return 'audit';
  if (has('category') && has('user')) return 'event';
  return undefined;
}

/** What kind of violation a record is; its name decides within a category. */
export function kindOf(category: Category, name: string): ViolationKind {
  switch (category) {
    case 'violation':
      return 'network';
    case 'threat':
      return 'threat';
    case 'event':
      return 'audit';
    case 'incident':
      if (name.includes('FileAccess') || name.includes('Package.Updated')) return 'file';
      return name.includes('Tunnel') ? 'network' : 'process';
    case 'audit':
      if (name.includes('Scan')) return 'vulnerability';
      if (name.startsWith('Compliance')) return 'compliance';
      return name.startsWith('Admission') ? 'admission' : 'audit';
  }
}

/** Network violations have no name of their own; NeuVector's response rules call them this. */
export const NETWORK_VIOLATION = 'Network.Violation';
