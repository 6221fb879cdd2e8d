// Prints the bytes of heap that one live key of a rule takes: `node --expose-gc correlate-memory.ts <kind> <keys>`.
import { fill, rule } from './correlate-engine.ts';

const UNBOUNDED = 1e12;
const building = rule('a', `kind: single, generate: false, filter: 'violation.name == "a"'`);
const other = rule('b', `kind: single, generate: false, filter: 'violation.name == "b"'`);
const KINDS: Record<string, string[]> = {
  event_count: [rule('r', `kind: event_count, timespan: 1h, condition: { gte: 5 }, filter: 'violation.severity_id >= 1'`)],
  value_count: [rule('r', `kind: value_count, timespan: 1h, condition: { field: dst_endpoint.port, gte: 5 }, filter: 'violation.severity_id >= 1'`)],
  temporal_ordered: [building, other, rule('r', `kind: temporal_ordered, timespan: 1h, rules: [a, b]`)],
  risk: [building, other, rule('r', `kind: risk, timespan: 1h, halfLife: 10m, condition: { gte: 50 }, rules: [a, b], scores: { a: 5, b: 5 }`)],
};

const [kind = 'event_count', keys = '1000000'] = process.argv.slice(2);
const collect = globalThis.gc ?? (() => undefined);
collect();
const before = process.memoryUsage().heapUsed;
const { groups } = fill(KINDS[kind] ?? [], 'r', Number(keys), UNBOUNDED);
collect();
const after = process.memoryUsage().heapUsed;
process.stdout.write(String((after - before) / Math.max(1, groups.size)));
