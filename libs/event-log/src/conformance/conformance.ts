import { afterAll, beforeAll, describe } from '@jest/globals';
import { Bench } from './bench.js';
import { appendCases } from './cases/append.js';
import { backPressureCases } from './cases/back-pressure.js';
import { brokerRestartCases } from './cases/broker-restart.js';
import { consumeCases } from './cases/consume.js';
import { crashCases } from './cases/crash.js';
import { groupCases } from './cases/groups.js';
import { rebalanceCases } from './cases/rebalance.js';
import { retryCases } from './cases/retry.js';
import { stopCases } from './cases/stop.js';
import { topicCases } from './cases/topics.js';
import type { ConformanceHarness } from './harness.js';

const SETUP_TIMEOUT_MS = 300_000;

/** Every driver and client of the event log runs this suite; what it does not show is not promised by the port. */
export function describeConformance(name: string, harness: ConformanceHarness): void {
  const bench = new Bench(harness);
  describe(`${name} keeps the contract of the event log`, () => {
    beforeAll(async () => await harness.setup?.(), SETUP_TIMEOUT_MS);
    afterAll(async () => await harness.teardown?.(), SETUP_TIMEOUT_MS);
    bench.area('topics', 'topics', () => topicCases(bench));
    bench.area('append', 'append', () => appendCases(bench));
    bench.area('consume', 'consume', () => consumeCases(bench));
    bench.area('retry', 'a handler that rejects', () => retryCases(bench));
    bench.area('back-pressure', 'back-pressure', () => backPressureCases(bench));
    bench.area('groups', 'groups', () => groupCases(bench));
    bench.area('rebalance', 'assignment and rebalance', () => rebalanceCases(bench));
    bench.area('stop', 'graceful stop', () => stopCases(bench));
    bench.area('crash', 'kill -9', () => crashCases(bench));
    bench.area('broker-restart', 'broker restart', () => brokerRestartCases(bench));
  });
}
