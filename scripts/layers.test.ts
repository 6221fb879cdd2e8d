import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { importsOf } from './imports.ts';
import { check, importProblem, referenceProblems, type Workspaces } from './layers.ts';

describe('importsOf', () => {
  it('finds each form of import with its line', () => {
    const source = [
      "import { a } from './a.js';",
      "import type { B } from 'b';",
      'import {\n  c,\n  type D,\n} from "@scope/c/deep";',
      "import './side-effect.js';",
      "export * from './e.js';",
      "export { f } from 'f';",
      "const g = await import('g');",
      "import * as h from 'h'; import i from 'i';",
    ].join('\n');
    expect(importsOf(source)).toEqual([
      { line: 1, specifier: './a.js', typeOnly: false },
      { line: 2, specifier: 'b', typeOnly: true },
      { line: 6, specifier: '@scope/c/deep', typeOnly: false },
      { line: 7, specifier: './side-effect.js', typeOnly: false },
      { line: 8, specifier: './e.js', typeOnly: false },
      { line: 9, specifier: 'f', typeOnly: false },
      { line: 10, specifier: 'g', typeOnly: false },
      { line: 11, specifier: 'h', typeOnly: false },
      { line: 11, specifier: 'i', typeOnly: false },
    ]);
  });

  it.each([
    "// import a from 'a';",
    "/* export * from 'b' */",
    "const text = `\nimport c from 'c';\n`;",
    'const text = "\\"; import d from \'d\'";',
    "export const e = 'e';",
    "export function f(from = 'x') {}",
    "it('x', () => { const important = ('y'); });",
  ])('finds nothing in %j', (source) => {
    expect(importsOf(source)).toEqual([]);
  });
});

const workspaces: Workspaces = new Map([
  ['@tocsin/domain', { folder: 'libs/domain', dependencies: new Set<string>(), references: new Set<string>() }],
  ['@tocsin/store', { folder: 'libs/store', dependencies: new Set(['@tocsin/domain', 'kysely']), references: new Set(['libs/domain']) }],
  ['@tocsin/testing', { folder: 'libs/testing', dependencies: new Set<string>(), references: new Set<string>() }],
  [
    '@tocsin/ingest',
    {
      folder: 'apps/ingest',
      dependencies: new Set(['@tocsin/domain', '@tocsin/store', '@nestjs/common', 'zod']),
      references: new Set(['libs/domain']),
    },
  ],
  ['@tocsin/notifier', { folder: 'apps/notifier', dependencies: new Set<string>(), references: new Set<string>() }],
  ['@tocsin/standalone', { folder: 'apps/standalone', dependencies: new Set(['@tocsin/ingest']), references: new Set(['apps/ingest']) }],
]);

const problem = (file: string, specifier: string, typeOnly = false): string | undefined => importProblem(file, specifier, typeOnly, workspaces);

describe('layers', () => {
  it.each([
    ['apps/ingest/src/main.ts', '@nestjs/common'],
    ['apps/ingest/src/ingest.module.ts', '@nestjs/common'],
    ['apps/ingest/src/pipeline/a.ts', '@tocsin/domain'],
    ['apps/ingest/src/pipeline/a.ts', 'node:fs'],
    ['apps/ingest/src/pipeline/a.ts', '../sources/falco/falco.js'],
    ['apps/ingest/src/sources/index.ts', './falco/falco.js'],
    ['apps/ingest/src/sources/falco/falco.ts', './config.js'],
    ['apps/ingest/src/sources/falco/falco.ts', '../source.js'],
    ['apps/ingest/src/sources/falco/falco.ts', 'zod'],
    ['apps/ingest/src/pipeline/a.test.ts', '@tocsin/testing'],
    ['apps/ingest/src/sources/contract.ts', 'fast-check'],
    ['apps/standalone/src/main.ts', '@tocsin/ingest'],
    ['libs/store/src/store.ts', 'kysely'],
    ['test/acceptance/attack.test.ts', '@tocsin/standalone'],
  ])('%s may import %s', (file, specifier) => {
    expect(problem(file, specifier)).toBeUndefined();
  });

  it.each([
    ['apps/ingest/src/pipeline/a.ts', '@nestjs/common', 'Nest stays at the edges'],
    ['apps/ingest/src/pipeline/a.ts', '@tocsin/notifier', 'apps meet on the event log only'],
    ['apps/ingest/src/pipeline/a.test.ts', '@tocsin/notifier', 'apps meet on the event log only'],
    ['apps/ingest/src/pipeline/a.ts', '../../../notifier/src/index.js', 'never leaves its package'],
    ['apps/ingest/src/pipeline/a.ts', '@tocsin/testing', 'libs/testing is for tests'],
    ['apps/ingest/src/pipeline/a.ts', 'lodash', '"lodash" is not declared; add it to the dependencies in apps/ingest/package.json'],
    ['apps/ingest/src/pipeline/a.ts', '@scope/deep/path', '"@scope/deep" is not declared'],
    ['apps/ingest/src/pipeline/a.ts', '@tocsin/store', 'add { "path": "../../libs/store" } to apps/ingest/tsconfig.json'],
    ['apps/ingest/src/pipeline/a.ts', '@tocsin/ingest', 'by relative paths, not by its name'],
    ['apps/ingest/src/sources/falco/falco.ts', '../neuvector/levels.js', 'an extension never imports another'],
    ['apps/ingest/src/sources/falco/falco.ts', '../../pipeline/intake.js', 'an extension never imports the pipeline'],
    ['libs/store/src/store.ts', '@tocsin/ingest', 'a library never imports an app'],
    ['libs/domain/src/ids.ts', '@tocsin/store', 'libs/domain imports nothing of ours'],
  ])('%s may not import %s', (file, specifier, reason) => {
    expect(problem(file, specifier)).toContain(reason);
  });

  it('lets a type of Nest pass anywhere, since nothing of it is left at run time', () => {
    expect(problem('apps/ingest/src/part.ts', '@nestjs/common', true)).toBeUndefined();
  });

  it('names a reference without a dependency', () => {
    const workspace = { folder: 'apps/x', dependencies: new Set(['@tocsin/domain']), references: new Set(['libs/domain', 'libs/store']) };
    expect(referenceProblems(workspace, workspaces)).toEqual([
      'refers to libs/store, which is not in the dependencies of apps/x/package.json; add it there or remove it here',
    ]);
  });
});

describe('check', () => {
  let root: string;
  const put = (path: string, text: string): void => {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'layers-'));
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it('tells file and line', () => {
    put('libs/domain/package.json', '{ "name": "@tocsin/domain" }');
    put('libs/domain/tsconfig.json', '{}');
    put('libs/domain/src/a.ts', "\nimport { x } from 'x';\n");
    expect(check(root)).toEqual(['libs/domain/src/a.ts:2: "x": "x" is not declared; add it to the dependencies in libs/domain/package.json.']);
  });

  it('finds nothing wrong with this repository', () => {
    expect(check(join(import.meta.dirname, '..'))).toEqual([]);
  });
});
