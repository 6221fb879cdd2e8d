import type { ActionTarget } from '@tocsin/domain';
import { Refused } from '../failure.js';

/** Names as the API server takes them: RFC 1123 subdomains. What is none cannot exist, and never enters a URL or selector. */
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/;

export const podPath = (namespace: string, name: string): string[] => ['api', 'v1', 'namespaces', namespace, 'pods', name];
export const nodePath = (name: string): string[] => ['api', 'v1', 'nodes', name];
export const namespacePath = (name: string): string[] => ['api', 'v1', 'namespaces', name];
export const workloadsPath = (group: string, version: string, namespace: string, resource: string): string[] => [
  'apis',
  group,
  version,
  'namespaces',
  namespace,
  resource,
];
export const networkPoliciesPath = (namespace: string): string[] => workloadsPath('networking.k8s.io', 'v1', namespace, 'networkpolicies');

/** Namespace and name of a target such as `shop/web-1`, or of a node. Throws `Refused` for what cannot be a name. */
export function nameOf({ type, name }: ActionTarget): { namespace: string; name: string } {
  const [first = '', second, ...more] = name.split('/');
  const [namespace, own] = type === 'node' ? ['', name] : [first, second ?? ''];
  const valid = (text: string): boolean => text.length <= 253 && SUBDOMAIN.test(text);
  const ok = type === 'node' ? valid(own) : more.length === 0 && valid(namespace) && valid(own);
  if (!ok) throw new Refused('target_gone', `"${name}" cannot be the name of a ${type}.`);
  return { namespace, name: own };
}
