// `npm run chaos`: load under faults, judged by an oracle. `-- --help` has the options.
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chaos, type ChaosReport } from './chaos.ts';
import type { Mode } from './schedule.ts';

const HELP = `npm run chaos -- [options]

  --mode <kafka|standalone|both>   services on a broker and a database of their own, or one process (default: both)
  --seeds <first>[-<last>]         a run for each seed (default: 1)
  --minutes <m>                    how long load and faults last in each run (default: 1)
  --rate <n>                       violations a second (default: 40)
  --quiet <s>                      how many seconds everything may take to arrive afterwards (default: 120)

Ends with 0 when no run found anything, else with 1; what a run that found something did and said is kept in a file.
`;

const { values } = parseArgs({
  options: {
    mode: { type: 'string', default: 'both' },
    seeds: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '1' },
    rate: { type: 'string', default: '40' },
    quiet: { type: 'string', default: '120' },
    help: { type: 'boolean', default: false },
  },
});
const seeds = /^(\d+)(?:-(\d+))?$/.exec(values.seeds);
const numbers = [values.minutes, values.rate, values.quiet].map(Number);
if (values.help || seeds === null || !['kafka', 'standalone', 'both'].includes(values.mode) || numbers.some((number) => !(number > 0))) {
  process.stderr.write(HELP);
  process.exit(values.help ? 0 : 2);
}
const [minutes, rate, quietSeconds] = numbers as [number, number, number];
const [first, last] = [Number(seeds[1]), Number(seeds[2] ?? seeds[1])];
const modes: Mode[] = values.mode === 'both' ? ['kafka', 'standalone'] : [values.mode as Mode];

let failed = 0;
for (const mode of modes) {
  for (let seed = first; seed <= last; seed++) {
    const report = await chaos({ mode, seed, seconds: minutes * 60, rate, quietSeconds });
    process.stdout.write(`${lineOf(report)}\n`);
    if (report.found.length === 0) continue;
    failed += 1;
    const file = join(tmpdir(), `tocsin-chaos-${mode}-${seed}.json`);
    await writeFile(file, JSON.stringify(report, null, 2));
    process.stdout.write(`${report.found.map((sentence) => `  ${sentence}\n`).join('')}  The run is in ${file}.\n`);
  }
}
process.exit(failed === 0 ? 0 : 1);

function lineOf({ mode, seed, obligations, faults, duplicates, incidents, tickets, settledMs, found }: ChaosReport): string {
  const count = Object.values(faults).reduce((sum, one) => sum + one, 0);
  const kinds = Object.entries(faults).map(([kind, one]) => `${kind} ${one}`);
  const again = Object.entries(duplicates).map(([receiver, one]) => `${receiver} ${one}`);
  return (
    `${mode}, seed ${seed}: ${found.length === 0 ? 'ok' : `FOUND ${found.length}`}; ${obligations} obligations, ${incidents} incidents, ${tickets} tickets; ` +
    `${count} faults (${kinds.join(', ')}); duplicates: ${again.join(', ')}; settled after ${(settledMs / 1_000).toFixed(1)} s`
  );
}
