import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { extname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

/** Where `vite build` puts the console; the same place from `src` and from `dist`. */
export const CONSOLE_DIST = fileURLToPath(new URL('../../../console/dist', import.meta.url));

/** A file of the console, as it is sent. */
export interface ConsoleFile {
  mediaType: string;
  cacheControl: string;
  plain: Buffer;
  gzip: Buffer;
  br: Buffer;
}

/** By path, for example `/assets/index-3f2a.js`; the page itself is `/index.html`. */
export type ConsoleFiles = ReadonlyMap<string, ConsoleFile>;

const MEDIA_TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The name of what stands below `/assets` holds a hash of its content, so it never changes. */
const IMMUTABLE = 'public, max-age=31536000, immutable';

const NOT_BUILT = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Tocsin</title>
<h1>The console is not built</h1><p>Run <code>npm run build</code>, and start again. The API is at <a href="/v1/openapi.json">/v1/openapi.json</a>.</p></html>
`;

/** The console, read when it is first asked for, so that a service without visitors does not compress it. */
export function consoleFiles(): () => Promise<ConsoleFiles> {
  let files: Promise<ConsoleFiles> | undefined;
  return () => (files ??= readConsole());
}

/** Reads and compresses the console. Without a build there is a page that says how to have one. */
export async function readConsole(directory: string = CONSOLE_DIST): Promise<ConsoleFiles> {
  if (!existsSync(join(directory, 'index.html'))) return new Map([['/index.html', await pack('.html', 'no-store', Buffer.from(NOT_BUILT))]]);
  const names = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const files = await Promise.all(
    names.map(async (name): Promise<[string, ConsoleFile] | undefined> => {
      const path = `/${posix.normalize(name.slice(directory.length + 1).replaceAll('\\', '/'))}`;
      if (MEDIA_TYPES[extname(name)] === undefined) return undefined;
      return [path, await pack(extname(name), path.startsWith('/assets/') ? IMMUTABLE : 'no-cache', readFileSync(name))];
    }),
  );
  return new Map(files.filter((file) => file !== undefined));
}

async function pack(extension: string, cacheControl: string, plain: Buffer): Promise<ConsoleFile> {
  const [zipped, br] = await Promise.all([
    promisify(gzip)(plain, { level: 9 }),
    // The highest quality takes a second for 3 % less.
    promisify(brotliCompress)(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
  ]);
  return { mediaType: MEDIA_TYPES[extension] ?? 'application/octet-stream', cacheControl, plain, gzip: zipped, br };
}

/** The smallest form that the browser takes. */
export function encoded(file: ConsoleFile, acceptEncoding: string | undefined): { bytes: Buffer; encoding?: 'br' | 'gzip' } {
  const accepted = (acceptEncoding ?? '').split(',').map((one) => one.split(';').map((part) => part.trim()));
  const takes = (name: string): boolean => accepted.some(([coding, weight]) => coding === name && !/^q=0(?:\.0*)?$/.test(weight ?? ''));
  if (takes('br')) return { bytes: file.br, encoding: 'br' };
  if (takes('gzip')) return { bytes: file.gzip, encoding: 'gzip' };
  return { bytes: file.plain };
}

/**
 * Sent with every file. Nothing inline, nothing from elsewhere, in no frame: what a sensor reports is shown on these pages, and must never
 * run as a part of them.
 */
export const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;
