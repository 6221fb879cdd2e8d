import { afterAll, beforeAll, describe } from '@jest/globals';
import type { ConformanceHarness } from './harness.js';

/** Every driver and client of the event log runs this suite; what it does not show is not promised by the port. */
export function describeConformance(name: string, harness: ConformanceHarness): void {
  describe(`${name} keeps the event log's contract`, () => {
    beforeAll(async () => await harness.setup?.());
    afterAll(async () => await harness.teardown?.());
  });
}
