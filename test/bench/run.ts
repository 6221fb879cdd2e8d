// `npm run bench -- <scenario>`: measures Tocsin beside raw limits, in the same run on the same machine, several
// rounds in turn; prints medians and ratios and writes them to test/bench/results/<scenario>.json.
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { correlate } from './correlate.ts';
import { notify } from './notify.ts';
import { respond } from './respond.ts';
import { formatTable, median, type Row } from './report.ts';
import { spine } from './spine.ts';
import { tickets } from './tickets.ts';

const SCENARIOS: Record<string, (rounds: number) => Promise<Row[]>> = { spine, correlate, respond, notify, tickets };

const [name = 'spine', rounds = '3'] = process.argv.slice(2);
const scenario = SCENARIOS[name];
if (scenario === undefined) {
  process.stderr.write(`There is no scenario "${name}"; known: ${Object.keys(SCENARIOS).join(', ')}.\n`);
  process.exit(64);
}
const rows = await scenario(Number(rounds));
const machine = `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`;
process.stdout.write(`\n${name}: medians of ${rounds} rounds on ${machine}\n\n${formatTable(rows)}\n`);
const directory = new URL('./results/', import.meta.url);
await mkdir(directory, { recursive: true });
const measured = rows.map((row) => ({ ...row, median: median(row.values) }));
await writeFile(new URL(`${name}.json`, directory), `${JSON.stringify({ scenario: name, machine, rounds: Number(rounds), measured }, null, 2)}\n`);
process.exit(0);
