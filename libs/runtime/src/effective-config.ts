import { readFile } from 'node:fs/promises';
import { parseYamlDocuments } from '@tocsin/extension';
import { z } from 'zod';
import { configSchema, ENVIRONMENT, loadConfig, type AppName } from './config.js';

export interface EffectiveKey {
  /** Such as `http.port`. */
  path: string;
  /** As it stands in a file: durations as `10s`, secrets as references; passwords in addresses are left out. */
  value: unknown;
  /** Name of the environment variable, of the file, or `default`. */
  from: string;
}

type Shape = { properties?: Record<string, Shape>; default?: unknown };

/** What the services would go by, key by key, and where each comes from. Throws `ConfigErrors` where the configuration has mistakes. */
export async function effectiveConfig(schemas: Partial<Record<AppName, z.ZodType>>, env: NodeJS.ProcessEnv): Promise<EffectiveKey[]> {
  const { file } = await loadConfig(schemas, env);
  const [document] = file === undefined ? [] : parseYamlDocuments(await readFile(file, 'utf8'), file);
  const variables = new Map(
    Object.entries(ENVIRONMENT).flatMap(([name, { path, read }]) => {
      const text = env[name];
      return text === undefined || text === '' ? [] : [[path.join('.'), { name, value: read(text) }] as const];
    }),
  );
  const found: EffectiveKey[] = [];
  const walk = (shape: Shape, given: unknown, path: readonly string[]): void => {
    const name = path.join('.');
    const variable = variables.get(name);
    if (variable !== undefined) found.push({ path: name, value: withoutPassword(variable.value), from: variable.name });
    // A part that is off unless it is there, such as a login, is not there by its own defaults.
    else if (shape.properties !== undefined && (given !== undefined || shape.default !== undefined || path.length === 0)) {
      const values = (given ?? shape.default ?? {}) as Record<string, unknown>;
      for (const [key, inner] of Object.entries(shape.properties)) walk(inner, values[key], [...path, key]);
    } else if (given !== undefined) found.push({ path: name, value: withoutPassword(given), from: file ?? '' });
    else if (shape.default !== undefined) found.push({ path: name, value: shape.default, from: 'default' });
  };
  walk(z.toJSONSchema(configSchema(schemas), { io: 'input', unrepresentable: 'any' }) as Shape, document?.value, []);
  return found;
}

/** Of addresses such as `postgres://user:password@host`, wherever they stand. */
function withoutPassword(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll(/(:\/\/[^/@:"\s]*):[^/@"\s]*@/g, '$1:***@')) as unknown;
}
