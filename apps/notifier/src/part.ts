import { buildRegistry } from '@tocsin/extension';
import { loadPolicies } from '@tocsin/policy';
import type { AppPart } from '@tocsin/runtime';
import { Egress } from './channels/egress.js';
import { channels } from './channels/index.js';
import { notifierConfig, type NotifierConfig } from './config.js';
import { createNotifierMetrics } from './metrics.js';
import { NotifierModule } from './notifier.module.js';
import { Subscription } from './pipeline/subscription.js';

export const notifierPart: AppPart<NotifierConfig> = {
  name: 'notifier',
  config: notifierConfig,
  needsStore: false,
  async plan(config, common) {
    const registry = buildRegistry('channel', channels);
    const documents = (await loadPolicies(common.policyDir, { channels: registry })).subscriptions.filter(({ spec }) => spec.enabled);
    return async (runtime) => {
      const now = (): number => runtime.clock.now();
      const egress = new Egress(config.egress);
      const metrics = createNotifierMetrics(runtime.metrics);
      const subscriptions = documents.map((document) => {
        const { type, config: channelConfig } = document.spec.channel;
        const channel = registry.get(type)?.create(channelConfig, { egress, now });
        if (channel === undefined) throw new Error(`Channel type "${type}" passed the check but is not registered.`);
        const { log, logger } = runtime;
        return new Subscription(document, channel, {
          log,
          logger,
          metrics,
          now,
          concurrency: config.concurrency,
          maxRetryDelayMs: config.maxRetryDelayMs,
        });
      });
      return {
        module: { module: NotifierModule },
        start: async () => {
          await Promise.all(subscriptions.map((subscription) => subscription.start()));
          runtime.logger.info({ subscriptions: subscriptions.map(({ name }) => name) }, 'Subscriptions are served.');
        },
        stop: async () => void (await Promise.all(subscriptions.map((subscription) => subscription.stop()))),
      };
    };
  },
};
