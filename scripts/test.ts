// The test command. `node scripts/test.ts [unit] [jest arguments]`: everything this machine can run, or the quick subset.
// Prints what was skipped and why; REQUIRE_REAL=1 turns a skip into a failure.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Stage {
  name: string;
  command: string[];
  /** Where jest writes its counts. */
  report?: string;
}

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const [mode, ...rest] = process.argv.slice(2);
const unitOnly = mode === 'unit';
const jestArgs = unitOnly ? rest : process.argv.slice(2);
const work = mkdtempSync(join(tmpdir(), 'tocsin-test-'));
const skipReport = join(work, 'skipped.txt');
const bin = (name: string): string => join('node_modules', '.bin', name);

const UNIT = ['--testPathIgnorePatterns', '/node_modules/', '/dist/', '\\.medium\\.test\\.ts$', '<rootDir>/test/'];
const jest = (name: string, args: string[]): Stage => {
  const report = join(work, `${name.replaceAll(' ', '-')}.json`);
  return { name, report, command: [bin('jest'), '--json', '--outputFile', report, '--passWithNoTests', ...args, ...jestArgs] };
};

const stages: Stage[] = unitOnly
  ? [jest('unit tests', UNIT)]
  : [
      { name: 'format', command: [bin('oxfmt'), '--check'] },
      { name: 'build', command: [bin('tsc'), '-b'] },
      { name: 'types of tests', command: [bin('tsc'), '-p', 'tsconfig.test.json'] },
      { name: 'lint', command: [bin('oxlint'), '--type-aware', '--deny-warnings'] },
      { name: 'layers', command: [process.execPath, 'scripts/layers.ts'] },
      jest('unit tests', UNIT),
      // One at a time: they share a broker, a database and two cores.
      jest('tests on real parts', ['--runInBand', '--testPathPatterns', '\\.medium\\.test\\.ts$', '<rootDir>/test/']),
    ];

const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
const rows: string[] = [];
let failedStages = 0;
for (const stage of stages) {
  process.stdout.write(`\n== ${stage.name}\n`);
  const started = Date.now();
  const [program, ...args] = stage.command as [string, ...string[]];
  const outcome = spawnSync(program, args, {
    stdio: 'inherit',
    env: {
      ...process.env,
      NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --experimental-vm-modules --disable-warning=ExperimentalWarning --disable-warning=TimeoutNegativeWarning`.trim(),
      TOCSIN_SKIP_REPORT: skipReport,
    },
  });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  if (outcome.status !== 0) failedStages++;
  const result = readCounts(stage.report);
  if (result !== undefined) {
    counts.passed += result.passed;
    counts.failed += result.failed;
    counts.skipped += result.skipped;
  }
  const detail = result === undefined ? '' : `  ${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped`;
  rows.push(`${outcome.status === 0 ? 'ok  ' : 'FAIL'}  ${stage.name.padEnd(20)} ${seconds.padStart(6)} s${detail}`);
}

process.stdout.write(`\n${rows.join('\n')}\n`);
if (existsSync(skipReport)) process.stdout.write(`\nSkipped, and why:\n${readFileSync(skipReport, 'utf8')}`);
// A stage that failed without a failing test (lint, a suite that does not load) still counts as one failure.
const failed = Math.max(counts.failed, failedStages);
process.stdout.write(`\n${counts.passed} passed, ${failed} failed, ${counts.skipped} skipped\n`);
rmSync(work, { recursive: true, force: true });
process.exitCode = failed === 0 ? 0 : 1;

function readCounts(report: string | undefined): Counts | undefined {
  if (report === undefined || !existsSync(report)) return undefined;
  const json = JSON.parse(readFileSync(report, 'utf8')) as { numPassedTests: number; numFailedTests: number; numPendingTests: number; numRuntimeErrorTestSuites: number };
  return { passed: json.numPassedTests, failed: json.numFailedTests + json.numRuntimeErrorTestSuites, skipped: json.numPendingTests };
}
