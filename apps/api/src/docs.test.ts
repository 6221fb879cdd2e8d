// What docs/api.md shows is what the API takes and gives.
import { describe, expect, it } from '@jest/globals';
import { RESOLUTION_REASONS } from '@tocsin/domain';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROUTES, SCHEMAS } from './http/routes/index.js';

const page = readFileSync(join(import.meta.dirname, '../../../docs/api.md'), 'utf8');
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))].map(([, text]) => text ?? '');

const VALUES: Record<string, string> = { TOCSIN: 'http://127.0.0.1:8080', PLAN_HASH: 'a'.repeat(64) };

/** The words of a line of shell, as far as the page uses it. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|"(?:\\.|[^"\\])*"|[^\s'"])+/g)].map(([word]) =>
    word.replaceAll(/'([^']*)'|"((?:\\.|[^"\\])*)"/g, (_, single: string | undefined, double: string | undefined) => single ?? expand(double ?? '')),
  );
}

function expand(text: string): string {
  return text.replaceAll(
    /\\(["\\$])|\$([A-Z_]+)/g,
    (_, escaped: string | undefined, name = '') => escaped ?? VALUES[name] ?? `id-of-${name.toLowerCase()}`,
  );
}

interface Call {
  line: string;
  method: string;
  url: URL;
  body: string | undefined;
}

/** Throws for an option that it does not know. */
function callOf(line: string): Call {
  const options = {
    silent: { type: 'boolean', short: 's' },
    'no-buffer': { type: 'boolean', short: 'N' },
    json: { type: 'string' },
    header: { type: 'string', short: 'H', multiple: true },
    request: { type: 'string', short: 'X' },
    output: { type: 'string', short: 'o' },
  } as const;
  const { values, positionals } = parseArgs({ args: wordsOf(line).slice(1), options, allowPositionals: true });
  expect(positionals).toHaveLength(1);
  return { line, method: values.request ?? (values.json === undefined ? 'GET' : 'POST'), url: new URL(positionals[0] ?? ''), body: values.json };
}

const lines = blocks('sh').flatMap((block) => block.split('\n').flatMap((line) => line.split(' | ')));
const inText = [...page.matchAll(/`(curl [^`]+)`/g)].flatMap(([, line = '']) => (line.includes('$TOCSIN') ? [line] : []));
// Sources are ingest's.
const calls = [...lines.filter((line) => line.startsWith('curl ')), ...inText]
  .map(callOf)
  .filter(({ url }) => !url.pathname.startsWith('/v1/sources/'));

const findRoute = ({ method, url }: Call) =>
  ROUTES.find((route) => route.method.toUpperCase() === method && new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(url.pathname));

function routeOf(call: Call): (typeof ROUTES)[number] {
  const route = findRoute(call);
  if (route === undefined) throw new Error(`There is no operation ${call.method} ${call.url.pathname}.`);
  return route;
}

describe('docs/api.md', () => {
  it.each(calls.map((call) => [call.line, call] as const))('%s', (_, call) => {
    const route = routeOf(call);
    expect(route.query.safeParse(Object.fromEntries(call.url.searchParams)).error?.message).toBeUndefined();
    expect(call.body === undefined).toBe(route.body === undefined);
    if (call.body !== undefined) expect(route.body?.schema.safeParse(JSON.parse(call.body)).error?.message).toBeUndefined();
  });

  it('shows every operation', () => {
    const shown = new Set(calls.map((call) => routeOf(call).operationId));
    expect(ROUTES.map(({ operationId }) => operationId).filter((id) => !shown.has(id))).toEqual([]);
  });

  it('names every reason of a resolution', () => {
    for (const reason of RESOLUTION_REASONS) expect(page).toContain(`\`${reason}\``);
  });

  it('shows answers as they are', () => {
    const answers = [...page.matchAll(/^```json (\w+)\n([^]*?)^```$/gm)];
    expect(answers).toHaveLength(2);
    for (const [, name, text = ''] of answers) {
      const response = name === 'problem' ? 'Problem' : ROUTES.find(({ operationId }) => operationId === name)?.response;
      expect(SCHEMAS[response as keyof typeof SCHEMAS].parse(JSON.parse(text))).toEqual(JSON.parse(text));
    }
  });
});
