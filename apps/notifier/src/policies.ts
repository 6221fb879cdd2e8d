import { buildRegistry } from '@tocsin/extension';
import { channels } from './channels/index.js';

/** What a Subscription may name as its channel, and their keys. */
export const channelRegistry = buildRegistry('channel', channels);
