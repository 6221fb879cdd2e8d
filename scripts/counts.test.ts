import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failuresOf, readCounts, total } from './counts.ts';

describe('counts', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'counts-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  const report = (counts: { passed?: number; failed?: number; pending?: number; broken?: number }): string => {
    const file = join(directory, 'report.json');
    const { passed = 0, failed = 0, pending = 0, broken = 0 } = counts;
    const json = {
      numTotalTestSuites: 1,
      numPassedTests: passed,
      numFailedTests: failed,
      numPendingTests: pending,
      numTodoTests: 0,
      numRuntimeErrorTestSuites: broken,
    };
    writeFileSync(file, JSON.stringify(json));
    return file;
  };

  it('counts tests', () => {
    expect(readCounts(report({ passed: 3, failed: 2, pending: 1 }), false)).toEqual({ suites: 1, passed: 3, failed: 2, skipped: 1, other: 0 });
  });

  it.each([
    ['a check that fails', () => readCounts(undefined, false)],
    ['a jest that died without a report', () => readCounts(join(directory, 'absent.json'), false)],
    ['a suite that does not load', () => readCounts(report({ passed: 3, broken: 1 }), false)],
    ['a jest that fails though each test passed', () => readCounts(report({ passed: 3 }), false)],
  ])('counts %s as a failure', (_, counts) => {
    expect(failuresOf(counts())).toBe(1);
  });

  it('adds the failures of all stages, so that none hides another', () => {
    expect(failuresOf(total([readCounts(undefined, false), readCounts(undefined, true), readCounts(report({ failed: 2 }), false)]))).toBe(3);
  });
});
