import type { Incident, Violation } from '../api/types.js';

export type EntityType = Incident['entities'][number]['type'] | 'process';

export interface GraphNode {
  id: string;
  type: EntityType;
  name: string;
  /** Of its column, from the left. */
  column: number;
  x: number;
  y: number;
}

export interface GraphEdge {
  from: string;
  to: string;
  /** How many violations drew it. */
  weight: number;
}

export interface Graph {
  nodes: readonly GraphNode[];
  edges: readonly GraphEdge[];
  width: number;
  height: number;
  /** What had no room. */
  left: number;
}

export const NODE = { width: 148, height: 44 } as const;
const GAP = { x: 34, y: 14 } as const;
const PAD = 4;
const COLUMN_MAX = 6;

/** From who and where from, by what runs, to what belongs to it, and what it reached. */
const COLUMNS: Record<EntityType, number> = {
  user: 0,
  workload: 1,
  pod: 1,
  container: 2,
  node: 2,
  image: 2,
  process: 2,
  address: 3,
};

/** Within a column: what there is one of stands above what there are many of. */
const ORDER: readonly EntityType[] = ['user', 'workload', 'pod', 'container', 'node', 'image', 'process', 'address'];

/** What the violations say of how entities belong together, in columns from left to right. Pure: same input, same picture. */
export function entityGraph({ entities }: Pick<Incident, 'entities'>, violations: readonly Violation[]): Graph {
  const nodes = new Map<string, { type: EntityType; name: string; column: number; weight: number }>();
  const edges = new Map<string, GraphEdge>();
  const sameContainers = new Set<string>();
  const add = (type: EntityType, name: string | undefined, column = COLUMNS[type]): string | undefined => {
    if (name === undefined || name === '') return undefined;
    const id = `${type} ${name}`;
    const node = nodes.get(id) ?? { type, name, column, weight: 0 };
    node.weight += 1;
    nodes.set(id, node);
    return id;
  };
  const join = (a: string | undefined, b: string | undefined): void => {
    if (a === undefined || b === undefined || a === b) return;
    const key = `${a}\n${b}`;
    const edge = edges.get(key) ?? { from: a, to: b, weight: 0 };
    edges.set(key, { ...edge, weight: edge.weight + 1 });
  };
  for (const violation of violations) {
    const { workload, pod, container, node, user, image, process, src_endpoint: src, dst_endpoint: dst } = violation;
    const inNamespace = (name: string | undefined): string | undefined =>
      name === undefined ? undefined : [workload.namespace, name].filter(Boolean).join('/');
    const w = add('workload', inNamespace(workload.name));
    const p = add('pod', inNamespace(pod?.name));
    const runs = p ?? w;
    join(w, p);
    if (container?.name !== undefined && container.id !== undefined) sameContainers.add(container.id);
    join(runs, add('container', container?.name));
    join(runs, add('node', node?.name));
    join(runs, add('image', image?.name));
    join(add('user', user?.name), w ?? p);
    const does = add('process', process?.name);
    join(runs, does);
    if (src?.workload === undefined || src.workload !== workload.name) join(add('address', src?.ip ?? src?.hostname, 0), w ?? p);
    if (dst?.workload === undefined || dst.workload !== workload.name) join(does ?? runs, add('address', dst?.workload ?? dst?.hostname ?? dst?.ip));
  }
  for (const { type, name } of entities) {
    // Images are named with their tag, and containers by their id, where violations have shorter names for them.
    const known =
      nodes.has(`${type} ${name}`) || sameContainers.has(name) || (type === 'image' && nodes.has(`image ${name.replace(/[:@][^/]*$/, '')}`));
    if (!known) add(type, name);
  }
  return place(nodes, edges);
}

function place(
  found: ReadonlyMap<string, { type: EntityType; name: string; column: number; weight: number }>,
  drawn: ReadonlyMap<string, GraphEdge>,
): Graph {
  const columns = Map.groupBy(found, ([, { column }]) => column);
  const kept = [...columns.keys()]
    .toSorted((a, b) => a - b)
    .map((key) =>
      (columns.get(key) ?? [])
        .toSorted((a, b) => ORDER.indexOf(a[1].type) - ORDER.indexOf(b[1].type) || b[1].weight - a[1].weight || (a[0] < b[0] ? -1 : 1))
        .slice(0, COLUMN_MAX),
    );
  const tallest = Math.max(1, ...kept.map((column) => column.length));
  const height = tallest * (NODE.height + GAP.y) - GAP.y + 2 * PAD;
  const nodes = kept.flatMap((column, n) => {
    return column.map(([id, { type, name }], row): GraphNode => ({
      id,
      type,
      name,
      column: n,
      x: PAD + n * (NODE.width + GAP.x),
      y: PAD + row * (NODE.height + GAP.y),
    }));
  });
  const ids = new Set(nodes.map(({ id }) => id));
  return {
    nodes,
    edges: [...drawn.values()].filter(({ from, to }) => ids.has(from) && ids.has(to)),
    width: Math.max(1, kept.length) * (NODE.width + GAP.x) - GAP.x + 2 * PAD,
    height,
    left: found.size - nodes.length,
  };
}
