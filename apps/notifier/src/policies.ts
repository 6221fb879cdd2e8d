import { buildRegistry } from '@tocsin/extension';
import { channels } from './channels/index.js';
import { formats } from './formats/index.js';

/** What a Subscription may name as its channel, and their keys. */
export const channelRegistry = buildRegistry('channel', channels);

/** What it may name as its format. */
export const formatRegistry = buildRegistry('format', formats);
