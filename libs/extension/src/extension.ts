import type { z } from 'zod';

/**
 * One shape for all four extension points (sources, rule kinds, actions, channels): an object literal in its own
 * folder, listed by one line in the point's `index.ts`. Folder name = `type` in configuration = metric label.
 */
export interface Extension<Config, Deps, Instance> {
  type: string;
  /** One sentence for the documentation and for error messages. */
  summary: string;
  /** Parses and defaults what the user writes; nothing is defaulted later. */
  config: z.ZodType<Config>;
  /** MUST NOT connect or start anything: that is for the first use. MAY be called several times. */
  create(config: Config, deps: Deps): Instance;
}

const TYPE_FORM = /^[a-z][a-z0-9]*([_-][a-z0-9]+)*$/;

/** Throws for mistakes of a developer, naming the line to mend. */
export function buildRegistry<E extends { type: string }>(point: string, list: readonly E[]): ReadonlyMap<string, E> {
  const registry = new Map<string, E>();
  for (const extension of list) {
    if (!TYPE_FORM.test(extension.type)) {
      throw new Error(`The ${point} type "${extension.type}" is ill-formed; use lower case letters, digits, "-" and "_", as its folder is named.`);
    }
    if (registry.has(extension.type)) {
      throw new Error(`The ${point} type "${extension.type}" is listed twice; remove one line from the index.ts of ${point}s.`);
    }
    registry.set(extension.type, extension);
  }
  return registry;
}
