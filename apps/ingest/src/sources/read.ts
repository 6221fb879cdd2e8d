/**
 * Reading fields of untrusted objects. Only own properties count, so that a key such as `constructor` that the sender
 * did not write is never found on the prototype.
 */

export type Fields = Readonly<Record<string, unknown>>;

export function field(object: Fields, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Text that says something: sensors write the empty string, `<NA>` or `null` for what they do not know. */
export function text(object: Fields, ...keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const found = scalarText(field(object, key));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A string, or a number or boolean as text; undefined for anything else and for what stands for nothing. */
export function scalarText(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' || value === '<NA>' ? undefined : value;
  if (typeof value === 'number') return exact(value) ? String(value) : undefined;
  return typeof value === 'boolean' ? String(value) : undefined;
}

/** A number, also when it is written as text. */
export function number(object: Fields, ...keys: readonly string[]): number | undefined {
  for (const key of keys) {
    const found = toNumber(field(object, key));
    if (found !== undefined) return found;
  }
  return undefined;
}

export function toNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  return typeof value === 'string' && /^-?\d{1,19}(\.\d{1,9})?$/.test(value) ? Number(value) : undefined;
}

/** False for integers that JSON.parse may have rounded, such as nanoseconds since 1970. */
function exact(value: number): boolean {
  return !Number.isInteger(value) || Number.isSafeInteger(value);
}

/** The strings of a list, or the string itself as a list of one. */
export function texts(value: unknown): string[] {
  const list = Array.isArray(value) ? value : [value];
  return list.filter((item): item is string => typeof item === 'string' && item !== '');
}
