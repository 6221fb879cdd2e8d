import { describeKnown, type ConfigIssue, type YamlDoc } from '@tocsin/extension';

/** Paths that `groupBy` may name: entities, whose number a sender cannot grow at will, and addresses. */
export const GROUP_FIELDS = [
  'cluster',
  'source',
  'name',
  'workload.namespace',
  'workload.name',
  'pod.name',
  'pod.uid',
  'container.id',
  'image.name',
  'node.name',
  'user.name',
  'process.name',
  'src_endpoint.ip',
  'dst_endpoint.ip',
] as const;

export interface Grouping {
  groupBy: readonly string[];
  /** Path by rule, by alias. */
  aliases: Readonly<Record<string, Readonly<Record<string, string>>>>;
  rules?: readonly string[] | undefined;
}

/** Whether `groupBy` names fields or aliases, and each alias stands for a path in the violations of each of `rules`. */
export function checkGroupBy(doc: YamlDoc, { groupBy, aliases, rules = [] }: Grouping, issues: ConfigIssue[]): void {
  const known = [...GROUP_FIELDS, ...Object.keys(aliases)];
  groupBy.forEach((name, index) => {
    if (known.includes(name)) return;
    issues.push(doc.issue(['spec', 'groupBy', index], `is "${name}", which is nothing to group violations by; ${describeKnown(name, known)}`));
  });
  for (const [alias, paths] of Object.entries(aliases)) {
    const at = (message: string, ...rest: string[]): void => void issues.push(doc.issue(['spec', 'aliases', alias, ...rest], message, 'key'));
    if ((GROUP_FIELDS as readonly string[]).includes(alias)) at('is the name of a field as well; call the alias something else');
    if (rules.length === 0) at('has no use without "rules": with a "filter" all violations have the same fields');
    else checkPaths(paths, rules, at);
  }
}

function checkPaths(paths: Readonly<Record<string, string>>, rules: readonly string[], at: (message: string, ...path: string[]) => void): void {
  for (const rule of rules) {
    if (!Object.hasOwn(paths, rule)) at(`has no path for "${rule}", which is one of "rules"; add one`);
  }
  for (const rule of Object.keys(paths)) {
    if (!rules.includes(rule)) at(`is none of "rules"; ${describeKnown(rule, rules)}`, rule);
  }
}
