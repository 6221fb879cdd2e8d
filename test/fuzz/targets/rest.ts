import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Service } from '../../chaos/processes.ts';
import { Finding, type Target } from '../target.ts';

interface Operation {
  parameters?: { name: string; in: string; example?: string | number | boolean }[];
  requestBody?: { content: Record<string, { examples?: Record<string, { value: unknown }> }> };
}

interface Call {
  method: string;
  path: string;
  body?: unknown;
}

/** Nothing that is asked here takes so long. */
const ANSWER_MS = 60_000;
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/**
 * Whatever is asked of the API and of ingest, the answer is no error of the server, and a refusal says what is wrong (RFC 9457).
 * The server is a process of its own, whose coverage is not seen: inputs are made of what its OpenAPI document knows.
 */
export async function rest(): Promise<Target> {
  const directory = await mkdtemp(join(tmpdir(), 'tocsin-fuzz-'));
  const config = join(directory, 'tocsin.config');
  await writeFile(config, 'api: { requestsPerMinute: 1000000 }\n');
  const service = await Service.start('standalone', {
    TOCSIN_CONFIG: config,
    TOCSIN_DATA_DIR: join(directory, 'data'),
    TOCSIN_POLICY_DIR: directory,
    LOG_LEVEL: 'silent',
  });
  const document = (await (await fetch(`${service.url}/v1/openapi.json`)).json()) as { paths: Record<string, Record<string, Operation>> };
  const calls = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => callOf(method, path, operation)),
  );
  return {
    name: 'rest',
    seeds: calls.map((call) => Buffer.from(JSON.stringify(call))),
    words: [...new Set(JSON.stringify(document).match(/[\w-]{2,30}/g) ?? []), '%00', '%', '..%2f', '?limit=', '&cursor=', '&limit=1e9'],
    async run(input) {
      const call = readCall(input);
      const init: RequestInit = { method: call.method, redirect: 'manual', signal: AbortSignal.timeout(ANSWER_MS) };
      if (call.body !== undefined && call.method !== 'GET') {
        init.body = typeof call.body === 'string' ? call.body : JSON.stringify(call.body);
        init.headers = { 'content-type': 'application/json' };
      }
      let url: URL;
      try {
        url = new URL(call.path, service.url);
      } catch {
        return;
      }
      if (url.origin !== service.url || url.href.length > 8_000) return;
      const response = await fetch(url, init);
      const text = await response.text();
      // Not ready is what a probe is for; anything else of the server's own is a fault.
      if (response.status >= 500 && !url.pathname.startsWith('/readyz'))
        throw new Finding(`${call.method} ${url.pathname} is answered with ${response.status}: ${text}`);
      const type = response.headers.get('content-type') ?? '';
      if (response.status >= 400 && text !== '' && !type.startsWith('application/problem+json'))
        throw new Finding(`${call.method} ${url.pathname} is refused as ${type}: ${text}`);
    },
    close: () => service.stop(),
  };
}

function callOf(method: string, path: string, { parameters = [], requestBody }: Operation): Call {
  const query: string[] = [];
  let filled = path;
  for (const { name, in: where, example } of parameters) {
    const value = encodeURIComponent(String(example ?? 'x'));
    if (where === 'path') filled = filled.replace(`{${name}}`, value);
    if (where === 'query') query.push(`${name}=${value}`);
  }
  const examples = Object.values(requestBody?.content ?? {}).flatMap((content) => Object.values(content.examples ?? {}));
  return {
    method: method.toUpperCase(),
    path: query.length > 0 ? `${filled}?${query.join('&')}` : filled,
    ...(examples[0] !== undefined && { body: examples[0].value }),
  };
}

/** What is no call any more is a body for ingest. */
function readCall(input: Buffer): Call {
  try {
    const { method, path, body } = JSON.parse(input.toString()) as Partial<Record<keyof Call, unknown>>;
    // Streams of events do not end.
    if (METHODS.includes(String(method)) && typeof path === 'string' && !path.includes('/v1/events')) return { method: String(method), path, body };
  } catch {
    // Below.
  }
  return { method: 'POST', path: '/v1/sources/falco', body: input.toString() };
}
