/** Runs in a child process that the suite kills: consumes or appends, and reports over the process channel. */
import type { EventLog } from '../port.js';
import type { OpenLog } from './harness.js';

export type ChildTask =
  /** Handles batches until `hangAfter` records are handled, then hangs in `onBatch` for ever. */
  | { role: 'consume'; topic: string; group: string; maxBatchRecords: number; hangAfter: number }
  /** Appends numbered records, `concurrency` calls at a time, until it is killed. */
  | { role: 'append'; topic: string; concurrency: number };

export type ChildMessage =
  | { type: 'handled'; values: string[] }
  /** A batch is in flight that will never end, and these offsets were committed before. */
  | { type: 'hanging'; committed: [partition: number, offset: number][] }
  | { type: 'appended'; value: string };

export interface ChildOptions {
  module: string;
  settings: string;
  task: ChildTask;
}

const options = JSON.parse(process.argv[2] ?? '') as ChildOptions;
const { openLog } = (await import(options.module)) as { openLog: OpenLog };
const log = await openLog(options.settings);
if (options.task.role === 'consume') await consume(log, options.task);
else await append(log, options.task);

function report(message: ChildMessage): void {
  process.send?.(message);
}

async function consume(from: EventLog, task: ChildTask & { role: 'consume' }): Promise<void> {
  let handled = 0;
  await from.consume({
    topic: task.topic,
    group: task.group,
    maxBatchRecords: task.maxBatchRecords,
    async onBatch(batch) {
      if (handled >= task.hangAfter) return await new Promise(() => {});
      handled += batch.records.length;
      report({ type: 'handled', values: batch.records.map((record) => record.value.toString()) });
    },
  });
  const timer = setInterval(() => {
    void from.committed(task.group, task.topic).then((committed) => {
      if (handled < task.hangAfter || committed.size === 0) return;
      clearInterval(timer);
      report({ type: 'hanging', committed: [...committed] });
    });
  }, 10);
}

async function append(to: EventLog, task: ChildTask & { role: 'append' }): Promise<void> {
  let next = 0;
  const worker = async (): Promise<never> => {
    for (;;) {
      const value = String(next++);
      await to.append(task.topic, [{ key: value, value: Buffer.from(value), headers: {} }]);
      report({ type: 'appended', value });
    }
  };
  await Promise.all(Array.from({ length: task.concurrency }, worker));
}
