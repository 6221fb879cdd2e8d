/** The group of an event as JSON text: the values of its fields by their paths, empty where it has none. */
export function groupOf(data: object, by: readonly string[]): string {
  return JSON.stringify(Object.fromEntries(by.map((path) => [path, valueAt(data, path)])));
}

function valueAt(data: object, path: string): string {
  let value: unknown = data;
  for (const step of path.split('.')) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, step)) {
      // An incident's group has whole paths for keys.
      return step === path.split('.')[0] ? inGroup(data, path) : '';
    }
    value = (value as Record<string, unknown>)[step];
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? clean(String(value)) : '';
}

function inGroup(data: object, path: string): string {
  const { group } = data as { group?: Record<string, unknown> };
  const value = group !== undefined && Object.hasOwn(group, path) ? group[path] : undefined;
  return typeof value === 'string' ? clean(value) : '';
}

const VALUE_LENGTH = 200;

/** What a database keeps as it is, and no more than is shown. */
function clean(text: string): string {
  return text.toWellFormed().replaceAll('\u0000', '\uFFFD').slice(0, VALUE_LENGTH).toWellFormed();
}
