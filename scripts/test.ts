// The test command. `node scripts/test.ts [unit] [arguments of jest]`: everything this machine can run, or the quick
// tests only. Prints what was skipped and why; REQUIRE_REAL=1 turns such a skip into a failure.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failuresOf, readCounts, total, type Counts } from './counts.ts';

interface Stage {
  name: string;
  command: readonly [program: string, ...args: string[]];
  /** Where jest writes its counts. */
  report?: string;
}

/** A stage that takes longer hangs; the gate has half an hour for all of them. */
const STAGE_TIMEOUT_MS = 20 * 60_000;

const root = join(import.meta.dirname, '..');
const work = mkdtempSync(join(tmpdir(), 'tocsin-test-'));
const skipReport = join(work, 'skipped.txt');
const [first, ...rest] = process.argv.slice(2);
const unitOnly = first === 'unit';
const jestArgs = unitOnly ? rest : process.argv.slice(2);

/** A test on a real part, or of everything together. */
const REAL = ['**/*.medium.test.ts', '<rootDir>/test/**/*.test.ts'];

function bin(name: string): string {
  return join(root, 'node_modules', '.bin', name);
}

function jest(name: string, ...args: string[]): Stage {
  const report = join(work, `${name.replaceAll(' ', '-')}.json`);
  // An option with a list takes all words up to the next option, so one without a list stands before the caller's paths.
  return {
    name,
    report,
    command: [bin('jest'), ...args, '--json', `--outputFile=${report}`, '--passWithNoTests', ...jestArgs],
  };
}

const unit = jest(
  'unit tests',
  // jest leaves one core idle by default, which is half of a small machine.
  '--maxWorkers=100%',
  '--testPathIgnorePatterns=/node_modules/',
  '--testPathIgnorePatterns=/dist/',
  '--testPathIgnorePatterns=\\.medium\\.test\\.ts$',
  '--testPathIgnorePatterns=^<rootDir>/test/',
);
// One at a time: they share a broker, a database and the machine's cores.
const real = jest('tests on real parts', '--runInBand', ...REAL.map((pattern) => `--testMatch=${pattern}`));
const checks: Stage[] = [
  { name: 'format', command: [bin('oxfmt'), '--check'] },
  { name: 'lint', command: [bin('oxlint'), '--type-aware', '--deny-warnings'] },
  { name: 'layers', command: [process.execPath, join(root, 'scripts', 'layers.ts')] },
  { name: 'types', command: [bin('tsc'), '-b'] },
  { name: 'types of tests', command: [bin('tsc'), '-p', 'tsconfig.test.json'] },
];

/** `npm test -- libs/policy` asks for those tests, not for the checks of the whole. */
function stages(): Stage[] {
  if (unitOnly) return [unit];
  return jestArgs.length > 0 ? [unit, real] : [...checks, unit, real];
}

function run(stage: Stage): Counts {
  process.stdout.write(`\n== ${stage.name}\n`);
  const started = performance.now();
  const [program, ...args] = stage.command;
  const { status } = spawnSync(program, args, {
    cwd: root,
    stdio: 'inherit',
    timeout: STAGE_TIMEOUT_MS,
    env: {
      ...process.env,
      // jest needs the first to load ES modules, and says so at each start without the second.
      NODE_OPTIONS:
        `${process.env['NODE_OPTIONS'] ?? ''} --experimental-vm-modules --disable-warning=ExperimentalWarning --disable-warning=TimeoutNegativeWarning`.trim(),
      TOCSIN_SKIP_REPORT: skipReport,
    },
  });
  const counts = readCounts(stage.report, status === 0);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const columns =
    stage.report === undefined ? [] : [counts.suites, counts.passed, counts.failed, counts.skipped].map((number) => String(number).padStart(8));
  rows.push(`${(status === 0 ? 'ok' : 'FAILED').padEnd(8)}${stage.name.padEnd(22)}${`${seconds} s`.padStart(9)}${columns.join('')}`);
  return counts;
}

const rows = [`${''.padEnd(30)}${'time'.padStart(9)}${['suites', 'passed', 'failed', 'skipped'].map((title) => title.padStart(8)).join('')}`];
const sum = total(stages().map(run));
process.stdout.write(`\n${rows.join('\n')}\n`);
if (existsSync(skipReport)) process.stdout.write(`\nSkipped, and why:\n${readFileSync(skipReport, 'utf8')}`);
rmSync(work, { recursive: true, force: true });
const failed = failuresOf(sum);
process.stdout.write(`\n${sum.passed} passed, ${failed} failed, ${sum.skipped} skipped\n`);
process.exitCode = failed === 0 ? 0 : 1;
