import { randomUUID } from 'node:crypto';
import { Topic } from '@tocsin/event-log';
import { EvidenceDamaged, openEvidence } from '@tocsin/evidence';
import { buildRegistry } from '@tocsin/extension';
import { documentInForce, openPolicySource, type Subscription as SubscriptionDocument } from '@tocsin/policy';
import { followPolicies, type AppPart } from '@tocsin/runtime';
import { putPolicies } from '@tocsin/store';
import type { Notice } from './channels/channel.js';
import { Egress } from './channels/egress.js';
import { channelMemory } from './channels/memory.js';
import { channels } from './channels/index.js';
import { notifierConfig, type NotifierConfig } from './config.js';
import { formats } from './formats/index.js';
import { createNotifierMetrics } from './metrics.js';
import { NotifierModule } from './notifier.module.js';
import { inFormat } from './pipeline/in-format.js';
import { noticeRecord } from './pipeline/notice.js';
import { Ledger } from './pipeline/ledger.js';
import { Subscription } from './pipeline/subscription.js';
import { Subscriptions } from './pipeline/subscriptions.js';
import { Watch } from './pipeline/watch.js';

export const notifierPart: AppPart<NotifierConfig> = {
  name: 'notifier',
  config: notifierConfig,
  needsStore: true,
  async plan(config, common) {
    const { publicUrl } = common;
    const registry = buildRegistry('channel', channels);
    const formatRegistry = buildRegistry('format', formats);
    const source = await openPolicySource(common, {
      kinds: ['Subscription'],
      schemas: { channels: registry, formats: formatRegistry },
      interpret: ({ subscriptions }) => subscriptions,
    });
    return async ({ log, store, logger, metrics, clock }) => {
      const documents = await source.first(logger);
      const now = (): number => clock.now();
      const egress = new Egress(config.egress);
      const process = randomUUID();
      const { concurrency, maxRetryDelayMs } = config;
      const notifierMetrics = createNotifierMetrics(metrics);
      const ledger = new Ledger({ store, logger, metrics: notifierMetrics, retentionDays: config.ledgerDays, now });
      const settings = { disableAfterMs: config.disableAfter, probeEveryMs: config.probeEvery };
      const watch = new Watch({ store, log, logger, metrics: notifierMetrics, settings, now });
      const notice = (told: Notice): Promise<void> => log.append(Topic.Violations, [noticeRecord({ ...told, time: new Date(now()).toISOString() })]);
      const kept = openEvidence(common.evidence, store, common.dataDir, now);
      const shared = { log, store, logger, metrics: notifierMetrics, now, concurrency, maxRetryDelayMs, ledger, watch };
      const subscriptions = new Subscriptions((document) => {
        const { channel: out, format: chosen } = document.spec;
        const { name } = document.metadata;
        const memory = channelMemory(store, name);
        const evidence = async (id: string): Promise<Buffer | undefined> => {
          try {
            return (await kept.read(id, `subscription:${name}`))?.bytes;
          } catch (error) {
            if (!(error instanceof EvidenceDamaged)) throw error;
            logger.warn({ subscription: name, evidence: id, err: error }, 'An artefact is not what was collected, and is not attached.');
            return undefined;
          }
        };
        const deps = { evidence, egress, now, logger, subscription: name, memory, store, process, publicUrl, notice };
        const channel = registry.get(out.type)?.create(out.config, deps);
        const format = formatRegistry.get(chosen.type)?.create(chosen.config);
        if (channel === undefined || format === undefined) {
          throw new Error(`Channel type "${out.type}" or format "${chosen.type}" passed the check but is not registered.`);
        }
        return new Subscription(document, inFormat(channel, chosen.type, format), { ...shared, memory });
      });
      /** For the API, which runs elsewhere. */
      const tell = (found: readonly SubscriptionDocument[]): Promise<void> => {
        const time = new Date(now()).toISOString();
        return putPolicies(
          store.db,
          'Subscription',
          found.map((document) => documentInForce(document, time)),
        );
      };
      let following: { stop(): Promise<void> } | undefined;
      return {
        module: NotifierModule.forRoot({ log, channelOf: (name) => subscriptions.channelOf(name) }),
        async start() {
          ledger.start();
          await subscriptions.apply(documents);
          await tell(documents);
          watch.start();
          logger.info({ subscriptions: subscriptions.names }, 'Subscriptions are served.');
          following = await followPolicies<SubscriptionDocument[]>({
            app: 'notifier',
            logger,
            metrics,
            watch: (listener) => source.watch(listener),
            async apply(found) {
              const changed = await subscriptions.apply(found);
              await tell(found);
              return changed;
            },
          });
        },
        async stop() {
          await following?.stop();
          await watch.stop();
          await subscriptions.stop();
          await ledger.stop();
        },
      };
    };
  },
};
