import { existsSync, readFileSync } from 'node:fs';

export interface Counts {
  suites: number;
  passed: number;
  failed: number;
  skipped: number;
  /** Failures that no test tells of: a check, a suite that does not load, a run that was cut off. */
  other: number;
}

const NONE: Counts = { suites: 0, passed: 0, failed: 0, skipped: 0, other: 0 };

/** The counts of one stage. A stage without a report (a check, or a jest that died) counts by its exit only. */
export function readCounts(report: string | undefined, succeeded: boolean): Counts {
  if (report === undefined || !existsSync(report)) return { ...NONE, other: succeeded ? 0 : 1 };
  const json = JSON.parse(readFileSync(report, 'utf8')) as Record<
    'numTotalTestSuites' | 'numPassedTests' | 'numFailedTests' | 'numPendingTests' | 'numTodoTests' | 'numRuntimeErrorTestSuites',
    number
  >;
  const failed = json.numFailedTests;
  const broken = json.numRuntimeErrorTestSuites;
  return {
    suites: json.numTotalTestSuites,
    passed: json.numPassedTests,
    failed,
    skipped: json.numPendingTests + json.numTodoTests,
    other: !succeeded && failed + broken === 0 ? 1 : broken,
  };
}

export function total(counts: readonly Counts[]): Counts {
  return counts.reduce(
    (sum, each) => ({
      suites: sum.suites + each.suites,
      passed: sum.passed + each.passed,
      failed: sum.failed + each.failed,
      skipped: sum.skipped + each.skipped,
      other: sum.other + each.other,
    }),
    NONE,
  );
}

export function failuresOf(counts: Counts): number {
  return counts.failed + counts.other;
}
