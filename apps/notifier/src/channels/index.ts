import type { ChannelKind } from './channel.js';
import { syslog } from './syslog/syslog.js';
import { webhook } from './webhook/webhook.js';

/** The ways out; `channel.type` of a Subscription names one of them. */
export const channels: readonly ChannelKind[] = [syslog, webhook];
