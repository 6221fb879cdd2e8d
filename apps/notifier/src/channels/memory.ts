import { forget, recall, remember, type Store } from '@tocsin/store';
import type { ChannelMemory } from './channel.js';

/** What the channel of a subscription remembers, in the store. */
export function channelMemory({ db }: Store, subscription: string): ChannelMemory {
  return {
    get: (name) => recall(db, subscription, name),
    put: (name, value, expected) => remember(db, subscription, name, value, expected),
    delete: (name) => forget(db, subscription, name),
  };
}
