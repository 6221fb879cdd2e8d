import { loadConfig, createLogger, openConfiguredStore, openLog } from '@tocsin/runtime';
import { topicSpecs } from '@tocsin/event-log';
import type { Command } from '../command.js';

const FROM_CONFIG = `It reads tocsin.yaml (TOCSIN_CONFIG) and the environment as the services do.`;
const DAY_MS = 24 * 60 * 60 * 1000;

/** Each service does it at its start, too; where these may not, somebody does it before. */
export const migrate: Command = {
  name: 'migrate',
  summary: "Brings the database's schema up to date.",
  usage: `

Run it before a new version starts; what the version before reads and writes goes on working. ${FROM_CONFIG}
Several may run at once, and again: what is done is not done twice.
`,
  options: {},
  async run(_given, terminal) {
    const { common } = await loadConfig({}, process.env);
    const { store, applied } = await openConfiguredStore(common);
    await store.close();
    terminal.out(applied.length === 0 ? 'The schema is up to date.\n' : applied.map((name) => `Applied ${name}.\n`).join(''));
    return 0;
  },
};

export const topics: Command = {
  name: 'topics',
  summary: 'Creates the topics that are missing.',
  usage: `

With the partitions and copies that the configuration says; those that are there must have as many partitions. Services whose
account may not create topics need it to be run once before. ${FROM_CONFIG}
`,
  options: {},
  async run(_given, terminal) {
    const { common } = await loadConfig({}, process.env);
    const log = await openLog(common, 'tocsin-topics', createLogger('topics', 'silent'));
    await log.close();
    for (const { name, partitions, retentionMs } of topicSpecs(common.log.partitions)) {
      terminal.out(`${name}: ${partitions} partitions, kept ${retentionMs / DAY_MS} days\n`);
    }
    return 0;
  },
};
