// The layering rule as a lint: `node scripts/layers.ts` names each import that points the wrong way, and what to do.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { importsOf } from './imports.ts';

/** A package of ours: a folder of libs/ or apps/. */
export interface Workspace {
  /** For example `libs/store`. */
  folder: string;
  dependencies: ReadonlySet<string>;
  /** Folders that its tsconfig.json refers to. */
  references: ReadonlySet<string>;
}

/** By the package's name. */
export type Workspaces = ReadonlyMap<string, Workspace>;

const EXTENSION = /^apps\/[^/]+\/src\/(?:sources|rules|actions|channels|formats)\/([^/]+)\//;
const NEST_FILE = /(?:^|\/)main\.ts$|\.module\.ts$|\.controller\.ts$|^libs\/(?:event-log|runtime)\/src\/nest\//;
/** Tests, and what only tests import: contract suites, conformance suites, libs/testing, the folders of test/. */
const TEST_FILE = /\.test\.ts$|\.conformance\.ts$|\/(?:contract|testing)\.ts$|\/conformance\/|^libs\/testing\/|^test\//;
/** These are there to put apps together. */
const COMPOSERS = new Set(['apps/standalone', 'apps/cli']);

/** Why this import is not allowed in that file, and what to do; undefined when it is allowed. */
export function importProblem(file: string, specifier: string, typeOnly: boolean, workspaces: Workspaces): string | undefined {
  const folder = file.split('/').slice(0, 2).join('/');
  const test = TEST_FILE.test(file);
  if (specifier.startsWith('.')) return relativeProblem(file, specifier, test);
  if (specifier.startsWith('node:')) return undefined;
  if (specifier.startsWith('@nestjs/') && !typeOnly && !test && !NEST_FILE.test(file)) {
    return 'Nest stays at the edges; move this to main.ts, *.module.ts, *.controller.ts or a nest folder';
  }
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  const target = workspaces.get(name);
  if (target !== undefined) {
    const problem = workspaceProblem(folder, target.folder, test);
    if (problem !== undefined) return problem;
  }
  const own = [...workspaces.values()].find((workspace) => workspace.folder === folder);
  // Tests may use what the repository's own package.json has; jest resolves workspaces to their sources.
  if (test || own === undefined) return undefined;
  if (!own.dependencies.has(name)) return `"${name}" is not declared; add it to the dependencies in ${folder}/package.json`;
  if (target !== undefined && !own.references.has(target.folder))
    return `the build would not know the order; add { "path": "../../${target.folder}" } to ${folder}/tsconfig.json`;
  return undefined;
}

function workspaceProblem(from: string, to: string, test: boolean): string | undefined {
  if (from === to) return 'a package imports its own files by relative paths, not by its name';
  if (from.startsWith('libs/') && to.startsWith('apps/')) return 'a library never imports an app; move what both need into a library';
  if (from === 'libs/domain') return 'libs/domain imports nothing of ours; turn the dependency round';
  if (from.startsWith('apps/') && to.startsWith('apps/') && !COMPOSERS.has(from)) {
    return 'apps meet on the event log only; move what both need into a library';
  }
  if (to === 'libs/testing' && !test) return 'libs/testing is for tests; move what production needs out of it';
  return undefined;
}

function relativeProblem(file: string, specifier: string, test: boolean): string | undefined {
  const target = normalize(join(dirname(file), specifier))
    .split(sep)
    .join('/');
  const [root, workspace] = file.split('/');
  if ((root === 'libs' || root === 'apps') && !target.startsWith(`${root}/${workspace}/`)) {
    return 'a relative path never leaves its package; import the other package by its name';
  }
  const own = EXTENSION.exec(file)?.[1];
  if (own === undefined || test) return undefined;
  const other = EXTENSION.exec(target)?.[1];
  if (other !== undefined && other !== own) return 'an extension never imports another; move what both need into the folder above them';
  if (target.includes('/src/pipeline/')) return 'an extension never imports the pipeline; dependencies point from the pipeline to extensions';
  return undefined;
}

/** References of a tsconfig.json that no import needs hide what a package depends on. */
export function referenceProblems(workspace: Workspace, workspaces: Workspaces): string[] {
  const declared = new Set([...workspace.dependencies].flatMap((name) => workspaces.get(name)?.folder ?? []));
  return [...workspace.references]
    .filter((folder) => !declared.has(folder))
    .map((folder) => `refers to ${folder}, which is not in the dependencies of ${workspace.folder}/package.json; add it there or remove it here`);
}

export function readWorkspaces(root: string): Workspaces {
  const workspaces = new Map<string, Workspace>();
  for (const path of globSync('{libs,apps}/*/package.json', { cwd: root })) {
    const folder = dirname(path).split(sep).join('/');
    const manifest = JSON.parse(readFileSync(join(root, path), 'utf8')) as {
      name: string;
      dependencies?: Record<string, string>;
      devDependencies?: Record<string, string>;
    };
    const tsconfig = JSON.parse(readFileSync(join(root, folder, 'tsconfig.json'), 'utf8')) as { references?: { path: string }[] };
    workspaces.set(manifest.name, {
      folder,
      // What the console imports is bundled when it is built, so that nothing of it is installed where it runs.
      dependencies: new Set(Object.keys({ ...manifest.dependencies, ...(folder === 'apps/console' ? manifest.devDependencies : {}) })),
      references: new Set(
        (tsconfig.references ?? []).map(({ path: to }) =>
          relative(root, join(root, folder, to))
            .split(sep)
            .join('/'),
        ),
      ),
    });
  }
  return workspaces;
}

/** One line per mistake: `file:line: "specifier": rule; remedy.` */
export function check(root: string): string[] {
  const workspaces = readWorkspaces(root);
  const problems: string[] = [];
  for (const workspace of workspaces.values()) {
    problems.push(...referenceProblems(workspace, workspaces).map((problem) => `${workspace.folder}/tsconfig.json:1: ${problem}.`));
  }
  for (const path of globSync('{{libs,apps}/*/src,test}/**/*.ts', { cwd: root }).toSorted()) {
    const file = path.split(sep).join('/');
    for (const { line, specifier, typeOnly } of importsOf(readFileSync(join(root, file), 'utf8'))) {
      const problem = importProblem(file, specifier, typeOnly, workspaces);
      if (problem !== undefined) problems.push(`${file}:${line}: "${specifier}": ${problem}.`);
    }
  }
  return problems;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const problems = check(join(import.meta.dirname, '..'));
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  process.stdout.write(problems.length === 0 ? 'Every import points the right way.\n' : `${problems.length} imports or references are wrong.\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
