import { describe, expect, it } from '@jest/globals';
import type { Violation } from '../api/types.js';
import { entityGraph } from './graph.js';

const violation = (parts: Partial<Violation>): Violation =>
  ({ workload: { namespace: 'shop', name: 'web' }, attacks: [], tags: [], ...parts }) as unknown as Violation;

describe('entityGraph', () => {
  it('joins a workload with its pod, what runs in it, and what that reached', () => {
    const one = violation({ pod: { name: 'web-1' }, process: { name: 'nc' }, dst_endpoint: { ip: '203.0.113.54', port: 4444 } });
    const { nodes, edges } = entityGraph({ entities: [] }, [one, one]);
    expect(nodes.map(({ id, column }) => [id, column])).toEqual([
      ['workload shop/web', 0],
      ['pod shop/web-1', 0],
      ['process nc', 1],
      ['address 203.0.113.54', 2],
    ]);
    expect(edges).toEqual([
      { from: 'workload shop/web', to: 'pod shop/web-1', weight: 2 },
      { from: 'pod shop/web-1', to: 'process nc', weight: 2 },
      { from: 'process nc', to: 'address 203.0.113.54', weight: 2 },
    ]);
  });

  it('names once what violations and the incident name differently', () => {
    const one = violation({ container: { id: '3f1c', name: 'app' }, image: { name: 'registry:5000/shop/web', tag: '1' } });
    const entities = [
      { type: 'container' as const, name: '3f1c' },
      { type: 'image' as const, name: 'registry:5000/shop/web:1' },
      { type: 'node' as const, name: 'worker-1' },
    ];
    const { nodes } = entityGraph({ entities }, [one]);
    expect(nodes.map(({ id }) => id)).toEqual(['workload shop/web', 'container app', 'node worker-1', 'image registry:5000/shop/web']);
  });

  it('stays small when there is too much, and says how much is left out', () => {
    const many = Array.from({ length: 50 }, (_, n) => violation({ process: { name: `p${n}` } }));
    const { nodes, edges, left, height } = entityGraph({ entities: [] }, many);
    expect(nodes).toHaveLength(7);
    expect(left).toBe(44);
    expect(height).toBeLessThan(400);
    expect(edges.every(({ to }) => nodes.some(({ id }) => id === to))).toBe(true);
  });
});
