// `npm run fuzz`: gives what reads strangers' bytes millions of inputs. `-- --help` has the options.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { seeded } from '../chaos/random.ts';
import { fuzz } from './fuzz.ts';
import type { Target } from './target.ts';
import { TARGETS } from './targets/index.ts';

const HELP = `npm run fuzz -- [options]

  --target <name>[,<name>]   what to fuzz (default: everything)
  --inputs <n>               how many inputs each gets (default: 100000)
  --seed <n>                 of the chance (default: 1)
  --keep                     keep inputs that reached something new in test/fuzz/corpus

Ends with 1 when an input led to what must not be; that input is kept in test/fuzz/findings.
`;

/** Longer inputs are not kept: their mutations cost too much. */
const KEPT_BYTES = 8_192;
const here = new URL('./', import.meta.url);
const { values } = parseArgs({
  options: {
    target: { type: 'string' },
    inputs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const [inputs, seed] = [Number(values.inputs), Number(values.seed)];
const names = values.target?.split(',') ?? Object.keys(TARGETS);
const unknown = names.filter((name) => !Object.hasOwn(TARGETS, name));
if (values.help || unknown.length > 0 || !(inputs > 0) || !Number.isInteger(seed)) {
  process.stderr.write(`${HELP}\nTargets: ${Object.keys(TARGETS).join(', ')}\n`);
  process.exit(values.help ? 0 : 2);
}

let found = 0;
for (const name of names) {
  const target = await (TARGETS[name] as () => Promise<Target>)();
  const began = performance.now();
  const corpus = await read(new URL(`corpus/${target.name}/`, here));
  const report = await fuzz({
    target,
    inputs,
    random: seeded(seed),
    prefix: new URL('../../', here).href,
    corpus,
    ...(process.stderr.isTTY && {
      onProgress: (done, parts, size) => void process.stderr.write(`\r${target.name}: ${done} inputs, ${parts} parts, corpus ${size}`),
    }),
  });
  const seconds = (performance.now() - began) / 1_000;
  const perSecond = Math.round(report.inputs / seconds);
  process.stdout.write(
    `${target.name}: ${report.inputs} inputs in ${seconds.toFixed(0)} s (${perSecond}/s), ${report.parts} parts of our code reached, ` +
      `${report.kept.length} inputs reached something new: ${report.finding === undefined ? 'ok' : 'FOUND'}\n`,
  );
  await target.close?.();
  if (values.keep)
    await keep(
      new URL(`corpus/${target.name}/`, here),
      report.kept.filter(({ length }) => length <= KEPT_BYTES),
    );
  if (report.finding === undefined) continue;
  found += 1;
  const [file] = await keep(new URL(`findings/${target.name}/`, here), [report.finding.input]);
  process.stdout.write(`${report.finding.error.stack}\nThe input is ${file}.\n`);
}
process.exit(found === 0 ? 0 : 1);

async function read(directory: URL): Promise<Buffer[]> {
  const files = await readdir(directory).catch(() => []);
  return Promise.all(files.toSorted((a, b) => (a < b ? -1 : 1)).map((file) => readFile(new URL(file, directory))));
}

/** Names are hashes of what is in the files, so that nothing is kept twice. */
async function keep(directory: URL, contents: readonly Buffer[]): Promise<string[]> {
  await mkdir(directory, { recursive: true });
  return Promise.all(
    contents.map(async (content) => {
      const file = new URL(createHash('sha256').update(content).digest('hex').slice(0, 16), directory);
      await writeFile(file, content);
      return file.pathname;
    }),
  );
}
