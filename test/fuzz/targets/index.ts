import type { Target } from '../target.ts';
import { callbacks } from './callbacks.ts';
import { conditions } from './conditions.ts';
import { policies } from './policies.ts';
import { rest } from './rest.ts';
import { sources } from './sources.ts';
import { syslog } from './syslog.ts';

/** What reads what strangers send, by name; opened when it is its turn. */
export const TARGETS: Readonly<Record<string, () => Promise<Target>>> = {
  cloudevents: () => sources('cloudevents'),
  falco: () => sources('falco'),
  generic: () => sources('generic'),
  neuvector: () => sources('neuvector'),
  syslog: async () => syslog(),
  conditions,
  policies,
  'jira-webhook': () => callbacks('jira-webhook'),
  'slack-button': () => callbacks('slack-button'),
  rest,
};
