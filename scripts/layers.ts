// The layering rule as a lint: `node scripts/layers.ts` names each import that points the wrong way.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, sep } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface Import {
  line: number;
  specifier: string;
}

const EXTENSION_FOLDERS = /^apps\/[^/]+\/src\/(sources|rules|actions|channels)\/([^/]+)\//;
const NEST_FILES = /(^|\/)(main\.ts|[^/]+\.module\.ts|[^/]+\.controller\.ts)$|^libs\/(event-log|runtime)\/src\/nest\//;
const COMPOSERS = new Set(['standalone', 'cli']);

/** Module specifiers of import and export-from statements, and of import(). */
export function importsOf(source: string): Import[] {
  const found: Import[] = [];
  const pattern = /(?:^|\n)\s*(?:import|export)\s(?:[^'"`;]*?\sfrom\s)?\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;
  for (const match of source.matchAll(pattern)) {
    const specifier = match[1] ?? match[2] ?? '';
    const line = source.slice(0, (match.index ?? 0) + match[0].lastIndexOf(specifier)).split('\n').length;
    found.push({ line, specifier });
  }
  return found;
}

/** Why the import is not allowed in that file; undefined when it is. `declared` are the workspace's dependencies. */
export function violation(file: string, specifier: string, declared: ReadonlySet<string>): string | undefined {
  const test = /\.test\.ts$|\/(contract|conformance[^/]*|[^/]+\.conformance)\.ts$|\/conformance\//.test(file) || file.startsWith('libs/testing/');
  const [root, workspace] = file.split('/') as [string, string];
  const ours = /^@tocsin\/([^/]+)/.exec(specifier)?.[1];
  if (specifier.startsWith('@nestjs/') && !NEST_FILES.test(file) && !test && !usesNestTypesOnly(file)) {
    return 'Nest stays at the edges: move this to main.ts, *.module.ts, *.controller.ts or a nest folder';
  }
  if (ours !== undefined) {
    const isApp = globSync(`apps/${ours}/package.json`).length > 0;
    if (root === 'libs' && isApp) return 'a library never imports an app';
    if (root === 'apps' && isApp && !COMPOSERS.has(workspace)) return 'apps meet on the event log only; never import one from another';
    if (workspace === 'domain') return 'libs/domain imports nothing of ours';
    if (ours === 'testing' && !test) return 'libs/testing is for tests';
  }
  if (specifier.startsWith('.')) return relative(file, specifier, test);
  const name = specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : (specifier.split('/')[0] as string);
  if (!specifier.startsWith('node:') && !test && !declared.has(name)) return `"${name}" is not a dependency of ${root}/${workspace}: add it to its package.json`;
  return undefined;
}

function relative(file: string, specifier: string, test: boolean): string | undefined {
  const target = normalize(join(dirname(file), specifier)).split(sep).join('/');
  if (target.split('/').slice(0, 2).join('/') !== file.split('/').slice(0, 2).join('/')) {
    return 'leaves its workspace: import the package by its name';
  }
  const own = EXTENSION_FOLDERS.exec(file);
  if (own === null || test) return undefined;
  const other = EXTENSION_FOLDERS.exec(target);
  if (other !== null && other[2] !== own[2]) return 'an extension never imports another; share through the folder above them';
  if (/\/src\/pipeline\//.test(target)) return 'an extension never imports the pipeline: dependencies point from pipeline to extension';
  return undefined;
}

/** The part contract names Nest's DynamicModule as a type. */
function usesNestTypesOnly(file: string): boolean {
  return file === 'libs/runtime/src/part.ts';
}

function main(): void {
  let wrong = 0;
  for (const file of globSync('{libs,apps}/*/src/**/*.ts').toSorted()) {
    const path = file.split(sep).join('/');
    if (path.includes('/dist/')) continue;
    const manifest = JSON.parse(readFileSync(join(...path.split('/').slice(0, 2), 'package.json'), 'utf8')) as { dependencies?: Record<string, string> };
    const declared = new Set(Object.keys(manifest.dependencies ?? {}));
    for (const { line, specifier } of importsOf(readFileSync(file, 'utf8'))) {
      const why = violation(path, specifier, declared);
      if (why === undefined) continue;
      wrong++;
      process.stderr.write(`${path}:${line}: "${specifier}": ${why}.\n`);
    }
  }
  if (wrong > 0) process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
