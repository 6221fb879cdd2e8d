import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { channelRegistry } from '../policies.js';

const open = [...channelRegistry.values()].filter(({ forNamespaces }) => forNamespaces !== undefined);

/** The keys that may be set, with those below them. */
function keys(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) => (key === 'properties' ? [...Object.keys(value as object), ...keys(value)] : keys(value)));
}

describe('channels that Subscriptions of namespaces may choose', () => {
  it('are those that reach nothing but what their addresses name, and let nobody command anything', () => {
    expect(open.map(({ type }) => type).toSorted()).toEqual(['alertmanager', 'pagerduty', 'slack', 'teams', 'webhook']);
  });

  it.each(open)('give no way to files of the notifier, nor round its egress, nor to commands: $type', ({ config, forNamespaces }) => {
    const { properties = {} } = z.toJSONSchema(config, { io: 'input', unrepresentable: 'any' }) as { properties?: Record<string, unknown> };
    const left = Object.fromEntries(Object.entries(properties).filter(([key]) => forNamespaces?.withheld.includes(key) !== true));
    expect(keys({ properties: left }).filter((key) => /File$|^path$|proxy|signingSecret|webhookSecret|people/.test(key))).toEqual([]);
    expect(keys({ properties }).filter((key) => /File$/.test(key)).length).toBeGreaterThan(0);
  });
});
