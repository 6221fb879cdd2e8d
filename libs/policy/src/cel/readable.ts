/**
 * The event as cel-js can read it. cel-js asks for `value.constructor` to tell what a value is, and a sender may name a label so: then
 * every term over labels would fail, and no rule with one would match. A map with such a key becomes a `Map`, which cel-js asks for
 * nothing. All else is returned as it is.
 */
export function readable(value: unknown): unknown {
  return misleads(value) ? rebuilt(value) : value;
}

function misleads(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.some(misleads);
  if (Object.hasOwn(value, 'constructor')) return true;
  // Every event passes here, so without a list of its values.
  for (const key in value) if (Object.hasOwn(value, key) && misleads((value as Record<string, unknown>)[key])) return true;
  return false;
}

function rebuilt(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(rebuilt);
  const entries = Object.entries(value).map(([key, below]) => [key, rebuilt(below)] as const);
  return Object.hasOwn(value, 'constructor') ? new Map(entries) : Object.fromEntries(entries);
}
