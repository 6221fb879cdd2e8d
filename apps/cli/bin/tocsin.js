#!/usr/bin/env node
// Runs the command on the Node that comes with the repository, whatever the machine has.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAJOR = 24;
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exitCode = 2;
}

function nodeOfRepository() {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('node/package.json')), 'bin', 'node');
  } catch {
    return undefined;
  }
}

if (!existsSync(main)) {
  fail('tocsin is not built yet: run "npm ci" in the repository, or "npm run build" where the packages are installed.');
} else if (Number(process.versions.node.split('.')[0]) >= MAJOR) {
  // Saves a part of each start. Not in the directory for temporary files, where others might plant something.
  module.enableCompileCache(fileURLToPath(new URL('../../../node_modules/.cache/tocsin', import.meta.url)));
  await import(main);
} else {
  const node = nodeOfRepository();
  const { status, error } = node === undefined ? {} : spawnSync(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  if (node === undefined || error !== undefined) {
    fail(`tocsin needs Node ${MAJOR}, this is ${process.versions.node}: run "npm ci" in the repository, which brings it.`);
  } else process.exitCode = status ?? 2;
}
