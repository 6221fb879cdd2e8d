import { createLogger } from '@tocsin/runtime';
import type { ChannelDeps, ChannelMemory } from './channel.js';
import { Egress } from './egress.js';

/** What a channel in a test is created with; it may connect wherever the product may. */
export function channelDeps(own: Partial<ChannelDeps> = {}): ChannelDeps {
  return {
    egress: new Egress({ allow: [], deny: [] }),
    now: () => Date.now(),
    logger: createLogger('test', 'silent'),
    subscription: 'test',
    memory: memoryOfProcess(),
    // Given by the tests of channels that use it.
    store: undefined as never,
    process: 'test',
    publicUrl: undefined,
    evidence: async () => undefined,
    notice: async () => undefined,
    ...own,
  };
}

/** A memory that forgets with the process; the store's is held by its conformance suite. */
export function memoryOfProcess(): ChannelMemory {
  const values = new Map<string, string>();
  return {
    get: async (name) => values.get(name),
    async put(name, value, expected) {
      if (values.get(name) !== expected) return false;
      values.set(name, value);
      return true;
    },
    async delete(name) {
      values.delete(name);
    },
  };
}
