/**
 * The event as cel-js can read it. cel-js asks for `value.constructor` to tell what a value is, and a sender may name a label so: then
 * every term over labels would fail, and no rule with one would match. A map with such a key becomes a `Map`, which cel-js asks for
 * nothing. All else is returned as it is.
 */
export function readable(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) {
    const items = value.map(readable);
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  const entries = Object.entries(value).map(([key, below]) => [key, readable(below)] as const);
  if (Object.hasOwn(value, 'constructor')) return new Map(entries);
  return entries.every(([key, below]) => (value as Record<string, unknown>)[key] === below) ? value : Object.fromEntries(entries);
}
