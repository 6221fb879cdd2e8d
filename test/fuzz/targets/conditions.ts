import { compileFilter, explainFilter, FilterError } from '@tocsin/policy';
import { buildViolation } from '@tocsin/testing';
import type * as FilterModule from '../../../libs/policy/src/cel/filter.ts';
import { Finding, type Target } from '../target.ts';

/** What only tests ask: the condition as cel-js alone evaluates it. */
const REFERENCE = new URL('../../../libs/policy/dist/cel/filter.js', import.meta.url);
const SEEDS = [
  'violation.workload.namespace == "pay" && violation.process.name == "nc"',
  'violation.severity_id >= 3 || violation.tags.exists(t, t.startsWith("mitre_"))',
  '!has(violation.file) && violation.labels["team"] in ["a", "b"]',
  'violation.message.matches("^(a|b)+c$") ? violation.count > 2 : violation.name.contains("x")',
  'size(violation.attacks) > 0 && violation.attacks.all(a, a.technique != "T1059")',
  'timestamp(violation.time) > timestamp("2026-01-01T00:00:00Z") && duration("1h") > duration("5m")',
  '[1, "a", null].exists_one(x, x == violation.process.pid) || violation.src_endpoint.ip.endsWith(".1")',
  'violation.process.cmd_line.lowerAscii().split(" ").filter(p, p != "").size() > 1',
];
const EVENTS = [
  buildViolation({ process: { name: 'nc', pid: 7, cmd_line: 'nc -l 80' }, tags: ['mitre_x', 't'], labels: { team: 'a' } }),
  buildViolation({ severity_id: 6, message: 'ab'.repeat(200), workload: { name: 'w', namespace: 'pay' } }),
];

/** Any text is a condition, which then says of every event what cel-js says of it, or a `FilterError` that points into the text. */
export async function conditions(): Promise<Target> {
  const { compileReference } = (await import(REFERENCE.href)) as typeof FilterModule;
  const names = SEEDS.flatMap((seed) => seed.match(/[\w.]+|[^\w\s]+/g) ?? []);
  return {
    name: 'conditions',
    seeds: SEEDS.map((seed) => Buffer.from(seed)),
    words: [
      ...new Set(names),
      'has(',
      'map(',
      'matches(',
      '(a+)+$',
      'r"',
      "'''",
      'b"',
      '0x',
      '1u',
      '1e400',
      '\\u{110000}',
      '//',
      '?.',
      '[?',
      'optional.of(',
    ],
    run(input) {
      const text = input.toString();
      let filter;
      try {
        filter = compileFilter(text, 'violation');
      } catch (error) {
        if (!(error instanceof FilterError)) throw error;
        if (error.offset < 0 || error.offset > text.length) throw new Finding(`It points to ${error.offset} of ${text.length}.`);
        return;
      }
      const reference = compileReference(text, 'violation');
      for (const event of EVENTS) {
        const outcome = filter.test(event);
        if (outcome !== (reference(event) === true))
          throw new Finding(`It is ${outcome}, cel-js says ${String(reference(event))}: ${text.slice(0, 500)}`);
        explainFilter(text, 'violation', event);
      }
    },
  };
}
