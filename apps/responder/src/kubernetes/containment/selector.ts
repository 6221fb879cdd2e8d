import type { Expression, LabelSelector } from './policy.js';

/**
 * Whether labels are selected. An empty selector selects everything. An operator that is not known selects, so that nothing is overlooked.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
 */
export function selects(selector: LabelSelector | undefined, labels: Readonly<Record<string, string>>): boolean {
  return expressionsOf(selector).every(({ key, operator, values }) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    switch (operator) {
      case 'In':
        return value !== undefined && (values ?? []).includes(value);
      case 'NotIn':
        // Also selects what does not have the key at all.
        return value === undefined || !(values ?? []).includes(value);
      case 'Exists':
        return value !== undefined;
      case 'DoesNotExist':
        return value === undefined;
      default:
        return true;
    }
  });
}

/** Whether there can be anything that is selected; a selector that contradicts itself selects nobody. */
export function canSelect(selector: LabelSelector | undefined): boolean {
  const byKey = Map.groupBy(expressionsOf(selector), ({ key }) => key);
  return [...byKey.values()].every((expressions) => {
    const wanted = expressions.filter(({ operator }) => operator === 'In').map(({ values }) => values ?? []);
    const absent = expressions.some(({ operator }) => operator === 'DoesNotExist');
    const present = wanted.length > 0 || expressions.some(({ operator }) => operator === 'Exists');
    if (absent) return !present;
    if (wanted.length === 0) return true;
    const refused = expressions.filter(({ operator }) => operator === 'NotIn').flatMap(({ values }) => values ?? []);
    return (wanted[0] ?? []).some((value) => wanted.every((list) => list.includes(value)) && !refused.includes(value));
  });
}

export function expressionsOf(selector: LabelSelector | undefined): Expression[] {
  const labels = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => ({ key, operator: 'In', values: [value] }));
  return [...labels, ...(selector?.matchExpressions ?? [])];
}

/** For people, such as `app=web, tier in (a, b)`. */
export function selectorText(selector: LabelSelector | undefined): string {
  const parts = expressionsOf(selector).map(({ key, operator, values }) => {
    const list = (values ?? []).join(', ');
    if (operator === 'In') return values?.length === 1 ? `${key}=${list}` : `${key} in (${list})`;
    if (operator === 'NotIn') return `${key} not in (${list})`;
    return operator === 'Exists' ? `with ${key}` : `without ${key}`;
  });
  return parts.join(', ');
}
