import type { Expression, Labels, LabelSelector } from './policy.js';

type Selector = LabelSelector | null | undefined;

/**
 * Whether labels are selected: all of matchLabels and matchExpressions must hold, so that an empty selector selects everything.
 * An operator that is not known selects, so that nothing is overlooked.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#resources-that-support-set-based-requirements
 */
export function selects(selector: Selector, labels: Labels): boolean {
  return expressionsOf(selector).every((expression) => holds(expression, valueOf(labels, expression.key)));
}

/** Whether an expression holds for the value of its key; undefined: the key is not there. */
export function holds({ operator, values }: Expression, value: string | undefined): boolean {
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
}

export function valueOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

/** Whether there can be anything that is selected; a selector that contradicts itself selects nobody. */
export function canSelect(selector: Selector): boolean {
  const byKey = Map.groupBy(expressionsOf(selector), ({ key }) => key);
  return [...byKey.values()].every((expressions) => {
    const wanted = expressions.filter(({ operator }) => operator === 'In').map(({ values }) => new Set(values ?? []));
    const absent = expressions.some(({ operator }) => operator === 'DoesNotExist');
    const present = wanted.length > 0 || expressions.some(({ operator }) => operator === 'Exists');
    if (absent) return !present;
    const [first, ...others] = wanted;
    // There are values enough that nobody named.
    if (first === undefined) return true;
    const refused = new Set(expressions.filter(({ operator }) => operator === 'NotIn').flatMap(({ values }) => values ?? []));
    return [...first].some((value) => others.every((set) => set.has(value)) && !refused.has(value));
  });
}

/**
 * As above for namespaces, each of which has its name as a label that the API server keeps.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/#automatic-labelling
 */
export function canSelectNamespace(selector: Selector): boolean {
  return canSelect({ matchExpressions: [...expressionsOf(selector), { key: 'kubernetes.io/metadata.name', operator: 'Exists' }] });
}

export function expressionsOf(selector: Selector): Expression[] {
  const labels = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => ({ key, operator: 'In', values: [value] }));
  return [...labels, ...(selector?.matchExpressions ?? [])];
}
