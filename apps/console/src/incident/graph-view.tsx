import { useMemo } from 'react';
import type { Incident, Violation } from '../api/types.js';
import { count } from '../words.js';
import { NODE, entityGraph, type GraphNode } from './graph.js';

const NAME_CHARS = 16;

/** The middle of a long name tells least. */
function short(name: string): string {
  if (name.length <= NAME_CHARS) return name;
  return `${name.slice(0, 6)}…${name.slice(-9)}`;
}

export function EntityGraph({ incident, violations }: { incident: Incident; violations: readonly Violation[] }) {
  const { nodes, edges, width, height, left } = useMemo(() => entityGraph(incident, violations), [incident, violations]);
  const at = new Map(nodes.map((node) => [node.id, node]));
  if (nodes.length === 0) return <p className="note">No entity is known.</p>;
  return (
    <>
      {/* It may be wider than the page, so that the keyboard must be able to scroll it. */}
      <div className="graph" tabIndex={0} role="region" aria-label="Entities and how they belong together">
        <svg
          width={width}
          height={height}
          viewBox={`0 0 ${width} ${height}`}
          role="img"
          aria-label={nodes.map(({ type, name }) => `${type} ${name}`).join(', ')}
        >
          {edges.map(({ from, to, weight }) => {
            const [a, b] = [at.get(from), at.get(to)];
            if (a === undefined || b === undefined) return null;
            return <path key={`${from} ${to}`} className="edge" d={curve(a, b)} strokeWidth={Math.min(3, 1 + Math.log2(weight) / 2)} />;
          })}
          {nodes.map(({ id, type, name, x, y }) => (
            <g key={id} className={`node node-${type}`} transform={`translate(${x} ${y})`}>
              <title>{`${type} ${name}`}</title>
              <rect width={NODE.width} height={NODE.height} rx="8" />
              <rect className="mark" width="4" height={NODE.height - 16} x="8" y="8" rx="2" />
              <text x="20" y="17" className="node-type">
                {type}
              </text>
              <text x="20" y="34" className="node-name">
                {short(name)}
              </text>
            </g>
          ))}
        </svg>
      </div>
      {left > 0 && <p className="note">{count(left, 'entity', 'entities')} more are in the violations below.</p>}
    </>
  );
}

function curve(a: GraphNode, b: GraphNode): string {
  const [y1, y2] = [a.y + NODE.height / 2, b.y + NODE.height / 2];
  if (a.column === b.column) {
    const x = a.x + NODE.width;
    return `M${x} ${y1} C${x + 30} ${y1} ${x + 30} ${y2} ${x} ${y2}`;
  }
  const [from, to] = a.x < b.x ? [a, b] : [b, a];
  const [x1, x2] = [from.x + NODE.width, to.x];
  const bend = Math.max(24, (x2 - x1) / 2);
  const [start, end] = from === a ? [y1, y2] : [y2, y1];
  return `M${x1} ${start} C${x1 + bend} ${start} ${x2 - bend} ${end} ${x2} ${end}`;
}
