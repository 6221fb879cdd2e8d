import type { Migration } from './migration.js';
import { spine } from './001-spine.js';
import { incidentLifecycle } from './002-incident-lifecycle.js';
import { actions } from './003-actions.js';
import { channelMemory } from './004-channel-memory.js';
import { deliveries } from './005-deliveries.js';
import { groups } from './006-groups.js';
import { cases } from './007-cases.js';
import { logins } from './008-logins.js';
import { redrives } from './009-redrives.js';
import { evidenceTimes } from './010-evidence-times.js';
import { policies } from './012-policies.js';
import { casesListed } from './016-cases-listed.js';

/**
 * In the order they are applied. A released one is never edited: a change is a new one at the end, and it must leave
 * what the release before it reads and writes working, because replicas are replaced one after another.
 */
export const MIGRATIONS: readonly Migration[] = [
  spine,
  incidentLifecycle,
  actions,
  channelMemory,
  deliveries,
  groups,
  cases,
  logins,
  redrives,
  evidenceTimes,
  policies,
  casesListed,
];
