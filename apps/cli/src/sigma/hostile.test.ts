import { describe, expect, it } from '@jest/globals';
import { ruleKindRegistry } from '@tocsin/correlator/policies';
import { ConfigErrors } from '@tocsin/extension';
import { checkRules, parsePolicies } from '@tocsin/policy';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { convertSigma, type Converted } from './convert.js';

const key = fc.constantFrom(
  ...[
    'title',
    'name',
    'id',
    'level',
    'tags',
    'status',
    'condition',
    'selection',
    'rules',
    'type',
    'group-by',
    'timespan',
    'aliases',
    'field',
    'gte',
    'lt',
  ],
  ...['User', 'Image|endswith', 'CommandLine|re', '|all', 'DestinationIp|cidr', 'ProcessId|gte', 'ParentImage', '__proto__', 'constructor', 'x|y|z'],
);
const scalar = fc.oneof(
  fc.constantFrom(
    '',
    'a',
    'selection',
    'all of them',
    'not x',
    '1 of',
    '10.0.0.0/99',
    '(',
    '5m',
    'temporal',
    'event_count',
    'value_count',
    'high',
    'attack.t1059',
  ),
  fc.constantFrom(null, true, 0, -1, 1.5, 1e300),
  fc.string({ maxLength: 8 }),
);
const { anything } = fc.letrec<{ anything: unknown }>((tie) => ({
  anything: fc.oneof({ maxDepth: 3 }, scalar, fc.array(tie('anything'), { maxLength: 3 }), fc.dictionary(key, tie('anything'), { maxKeys: 4 })),
}));
const source = fc.constantFrom({ product: 'linux', category: 'process_creation' }, { product: 'kubernetes', service: 'audit' }, { product: 7 }, null);
const search = fc.oneof(anything, fc.dictionary(key, anything, { maxKeys: 3 }));
const detection = fc.oneof(anything, fc.record({ selection: search, condition: fc.oneof(fc.constant('selection'), scalar) }));
const correlation = fc.oneof(
  anything,
  fc.record({
    type: fc.constantFrom('temporal', 'temporal_ordered', 'event_count', 'value_count', 'value_sum'),
    rules: fc.constantFrom(['a'], ['a', 'b'], ['b', 'b'], 'a', []),
    'group-by': fc.oneof(anything, fc.constant(['User'])),
    timespan: fc.constantFrom('5m', '99d', 'x', 7),
    condition: fc.oneof(anything, fc.record({ gte: fc.constantFrom(0, 1, 5, 99_999, 1.5), field: fc.constantFrom('User', 'x', ['User', 'x']) })),
    aliases: anything,
  }),
);
const name = fc.constantFrom('a', 'b', 7);
const document = fc.oneof(
  fc.record(
    { title: scalar, name, logsource: source, detection, level: scalar, tags: anything, description: anything },
    { requiredKeys: ['detection'] },
  ),
  fc.record({ title: scalar, name, correlation, falsepositives: anything }, { requiredKeys: ['correlation'] }),
  fc.record({ title: scalar, filter: detection }),
  anything,
);

function convert(documents: readonly unknown[]): Converted[] {
  try {
    return convertSigma([{ file: 'x.yml', text: documents.map((one) => stringify(one)).join('---\n') }], { cased: false });
  } catch (error) {
    if (error instanceof ConfigErrors) return [];
    throw error;
  }
}

describe('whatever is to be converted', () => {
  it('gives valid rules, or says why there is none', () => {
    let made = 0;
    fc.assert(
      fc.property(fc.array(document, { minLength: 1, maxLength: 3 }), (documents) => {
        const converted = convert(documents);
        const { rules } = parsePolicies(converted.map(({ text }) => text).join('---\n'), 'x.yml', { ruleKinds: ruleKindRegistry });
        expect(checkRules(rules)).toEqual([]);
        expect(rules).toHaveLength(converted.filter(({ outcome }) => outcome !== 'none').length);
        for (const {
          source: { remarks },
          outcome,
        } of converted)
          expect(remarks.isWhole).toBe(outcome === 'in force');
        made += rules.length;
      }),
      { numRuns: 300 },
    );
    expect(made).toBeGreaterThan(50);
  });
});
