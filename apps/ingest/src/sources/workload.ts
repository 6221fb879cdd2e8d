/**
 * The workload behind a pod's name, as far as the name tells. Controllers append what they generate:
 *
 * | owner | pod name | source |
 * |---|---|---|
 * | Deployment | `<name>-<hash>-<5>` | hash: FNV-32 in decimal, "safe encoded", so only `456789bcdf` |
 * | CronJob | `<name>-<8 digits>-<5>` | minutes since 1970 |
 * | DaemonSet, Job, ReplicaSet | `<name>-<5>` | 5: random, without vowels and 0, 1, 3 (apimachinery, util/rand) |
 * | StatefulSet | `<name>-<ordinal>` | |
 *
 * A bare pod whose name happens to look generated is cut as well; nothing in the name can tell.
 */
const RANDOM = '[bcdfghjklmnpqrstvwxz2456789]{5}';
const DEPLOYMENT = new RegExp(`^(.+)-[456789bcdf]{6,10}-${RANDOM}$`);
const CRON_JOB = new RegExp(`^(.+)-\\d{8}-${RANDOM}$`);
const RANDOM_SUFFIX = new RegExp(`^(.+)-${RANDOM}$`);
const ORDINAL = /^(.+)-\d{1,4}$/;
/** A Kubernetes object name has at most 253 characters; longer text is no pod name and not worth matching. */
const NAME_MAX = 253;

export function workloadOfPod(pod: string): string {
  if (pod.length > NAME_MAX) return pod;
  for (const form of [DEPLOYMENT, CRON_JOB, RANDOM_SUFFIX, ORDINAL]) {
    const name = form.exec(pod)?.[1];
    if (name !== undefined) return name;
  }
  return pod;
}

const REPLICA_SET = /^(.+)-[456789bcdf]{6,10}$/;
const WORKLOADS = new Set(['deployments', 'statefulsets', 'daemonsets', 'replicasets', 'replicationcontrollers', 'jobs', 'cronjobs']);

/** The workload that a Kubernetes API resource is or belongs to; undefined for other resources. */
export function workloadOfResource(resource: string, name: string): string | undefined {
  if (resource === 'pods') return workloadOfPod(name);
  if (!WORKLOADS.has(resource)) return undefined;
  return resource === 'replicasets' && name.length <= NAME_MAX ? (REPLICA_SET.exec(name)?.[1] ?? name) : name;
}

/** `namespace/name`, or an API path such as `/apis/apps/v1/namespaces/shop/deployments/web`. */
export function workloadOfReference(reference: string): { namespace: string; name: string } | undefined {
  const path = /(?:^|\/)namespaces\/([a-z0-9-]{1,63})\/([a-z]{1,63})\/([a-z0-9.-]{1,253})(?:\/|$)/.exec(reference);
  if (path !== null) {
    const [, namespace = '', resource = '', object = ''] = path;
    const name = workloadOfResource(resource, object);
    return name === undefined ? undefined : { namespace, name };
  }
  const plain = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)\/([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)$/.exec(reference);
  return plain === null ? undefined : { namespace: plain[1] ?? '', name: plain[3] ?? '' };
}
