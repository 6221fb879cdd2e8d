import { randomUUID } from 'node:crypto';
import type { Subscription } from '@tocsin/policy';
import { createLogger } from '@tocsin/runtime';
import type { ChannelMemory, Finding } from './channels/channel.js';
import { Egress } from './channels/egress.js';
import { notifierConfig, type NotifierConfig } from './config.js';
import { channelRegistry } from './policies.js';

export interface CheckedReceiver {
  subscription: string;
  /** Its type. */
  channel: string;
  /** undefined: the channel asks its receiver nothing. */
  findings: readonly Finding[] | undefined;
}

/** Somebody waits for it at a terminal. */
const ASK_MS = 60_000;

/** Asks the receivers of these subscriptions whether they will take what they are sent, as far as can be known without sending. */
export async function checkReceivers(
  subscriptions: readonly Subscription[],
  config: Pick<NotifierConfig, 'egress'> = notifierConfig.parse({}),
): Promise<CheckedReceiver[]> {
  const shared = {
    egress: new Egress(config.egress),
    now: Date.now,
    logger: createLogger('check', 'silent'),
    process: randomUUID(),
    publicUrl: undefined,
    evidence: async () => undefined,
    notice: async () => undefined,
  };
  return Promise.all(
    subscriptions.map(async ({ metadata: { name: subscription }, spec: { channel: out } }) => {
      // A check neither remembers nor looks at what is remembered.
      const channel = channelRegistry.get(out.type)?.create(out.config, { ...shared, subscription, memory: NO_MEMORY, store: undefined as never });
      try {
        return { subscription, channel: out.type, findings: await channel?.check?.(AbortSignal.timeout(ASK_MS)) };
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        return { subscription, channel: out.type, findings: [{ what: 'configuration', ok: false, message }] };
      } finally {
        await channel?.close();
      }
    }),
  );
}

const NO_MEMORY: ChannelMemory = {
  get: async () => undefined,
  put: async () => false,
  delete: async () => undefined,
};
