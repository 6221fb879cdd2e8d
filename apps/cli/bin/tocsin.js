#!/usr/bin/env node
// Runs the command on the Node that comes with the repository, whatever the machine has.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAJOR = 24;
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

if (!existsSync(main)) {
  process.stderr.write('tocsin is not built yet: run "npm ci" (or "npm run build") in the repository.\n');
  process.exitCode = 2;
} else if (Number(process.versions.node.split('.')[0]) >= MAJOR) {
  await import(main);
} else {
  const node = join(dirname(createRequire(import.meta.url).resolve('node/package.json')), 'bin', 'node');
  process.exitCode = spawnSync(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' }).status ?? 2;
}
