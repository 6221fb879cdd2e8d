import type { Queryable } from './store.js';
import { columnText, timeText } from './text.js';

/** What actions count against; see `countActions`. */
export interface Counted {
  policy: string;
  cluster: string;
  namespace: string | undefined;
  /** uid of the workload. */
  workload: string | undefined;
  /** Name of the node, and uid of the pod. */
  node: string | undefined;
  pod: string | undefined;
  /** Actions that began at or after, RFC 3339. */
  since: { policy: string; cluster: string };
}

export interface ActionCounts {
  /** Standing: of the policy, of the cluster. */
  policyHeld: number;
  clusterHeld: number;
  /** Begun since: of the policy in the namespace, in the cluster by whatever policy. */
  namespaceStarted: number;
  clusterStarted: number;
  /** uids of pods of the workload that a standing action takes something away from. */
  podsHeld: string[];
  /** Standing actions of one type by pod and by node, such as captures. */
  onPod: (type: string) => number;
  onNode: (type: string) => number;
}

/** What stands and what was begun, in a transaction that holds `lockControl`, so that none slips in between. `except` is not counted. */
export async function countActions(tx: Queryable, counted: Counted, except: string): Promise<ActionCounts> {
  const held = await tx
    .selectFrom('actions')
    .select(['policy', 'cluster', 'workload', 'pod', 'node', 'type', 'disrupts'])
    .where('holds', '=', 1)
    .where('id', '!=', except)
    .where((eb) => eb.or([eb('cluster', '=', columnText(counted.cluster)), eb('policy', '=', columnText(counted.policy))]))
    .execute();
  const started = async (since: string, policy?: string): Promise<number> => {
    let query = tx
      .selectFrom('actions')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('cluster', '=', columnText(counted.cluster))
      .where('started_at', '>=', timeText(since))
      .where('id', '!=', except);
    if (policy !== undefined) {
      query = query.where('policy', '=', columnText(policy));
      query = counted.namespace === undefined ? query.where('namespace', 'is', null) : query.where('namespace', '=', columnText(counted.namespace));
    }
    return Number((await query.executeTakeFirstOrThrow()).count);
  };
  const inCluster = held.filter(({ cluster }) => cluster === columnText(counted.cluster));
  const ofWorkload = inCluster.filter(
    ({ workload, disrupts }) => disrupts === 1 && counted.workload !== undefined && workload === columnText(counted.workload),
  );
  const onSame = (column: 'pod' | 'node', value: string | undefined, type: string): number =>
    value === undefined ? 0 : inCluster.filter((row) => row.type === type && row[column] === columnText(value)).length;
  return {
    policyHeld: held.filter(({ policy }) => policy === columnText(counted.policy)).length,
    clusterHeld: inCluster.length,
    namespaceStarted: await started(counted.since.policy, counted.policy),
    clusterStarted: await started(counted.since.cluster),
    podsHeld: [...new Set(ofWorkload.flatMap(({ pod }) => (pod === null ? [] : [pod])))],
    onPod: (type) => onSame('pod', counted.pod, type),
    onNode: (type) => onSame('node', counted.node, type),
  };
}
