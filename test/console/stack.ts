import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram } from '@tocsin/testing';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

const MAIN = fileURLToPath(new URL('../../apps/standalone/dist/main.js', import.meta.url));

/** Long enough for a machine that is busy with everything else. */
export const PATIENCE_MS = 60_000;

export interface Product {
  url: string;
  directory: string;
  /** Kills it; its data stays, so that it can be started again at the same address. */
  kill(): Promise<void>;
  /** Kills it, and removes its data. */
  close(): Promise<void>;
}

export interface ProductOptions {
  /** The content of tocsin.yaml. */
  config?: object;
  /** Policy documents, YAML. */
  policies?: string;
  env?: Record<string, string>;
  demo?: boolean;
  /** Of a product that was killed. */
  directory?: string;
}

/** The built product in a process of its own, on a free port and a directory of its own. */
export async function startProduct(options: ProductOptions = {}): Promise<Product> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'tocsin-console-')));
  await mkdir(join(directory, 'policies'), { recursive: true });
  await writeFile(join(directory, 'policies', 'policies.yaml'), options.policies ?? '');
  await writeFile(join(directory, 'tocsin.yaml'), JSON.stringify(options.config ?? {}));
  const child = spawn(process.execPath, [MAIN, ...(options.demo === true ? ['--demo'] : [])], {
    cwd: directory,
    env: { ...process.env, NODE_OPTIONS: '', PORT: '0', LOG_LEVEL: 'warn', TOCSIN_CONFIG: join(directory, 'tocsin.yaml'), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  try {
    const url = await listening(child);
    const close = async (): Promise<void> => {
      await kill();
      await rm(directory, { recursive: true, force: true });
    };
    return { url, directory, kill, close };
  } catch (error) {
    await kill();
    throw error;
  }
}

function listening(child: ChildProcess): Promise<string> {
  let output = '';
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      const url = /listens on (http:\S+),/.exec(output)?.[1];
      if (url !== undefined) resolve(url);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', () => reject(new Error(`The product ended while starting:\n${output}`)));
  });
}

export function startBrowser(): Promise<Browser> {
  const executablePath = findProgram('chromium') ?? 'chromium';
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'], timeout: PATIENCE_MS });
}

/** Somebody at the console, and what their browser complained about. */
export interface Operator {
  page: Page;
  context: BrowserContext;
  /** Requests that left for another host than the product's. */
  strayed: string[];
  /** Errors of the page and of its content security policy. */
  complaints: string[];
}

export interface OperatorOptions {
  name?: string;
  theme?: 'light' | 'dark';
  phone?: boolean;
}

export async function openOperator(browser: Browser, url: string, options: OperatorOptions = {}): Promise<Operator> {
  const context = await browser.newContext({
    baseURL: url,
    colorScheme: options.theme ?? 'light',
    viewport: options.phone === true ? { width: 390, height: 844 } : { width: 1360, height: 850 },
    ...(options.phone === true && { hasTouch: true, isMobile: true, deviceScaleFactor: 2 }),
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const strayed: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => {
    const to = new URL(request.url());
    if (to.protocol !== 'blob:' && to.host !== new URL(url).host) strayed.push(request.url());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (/content security policy|trusted ?type/i.test(message.text())) complaints.push(message.text());
  });
  const { name } = options;
  if (name !== undefined) await page.addInitScript((actor) => localStorage.setItem('tocsin.actor', actor), name);
  return { page, context, strayed, complaints };
}
