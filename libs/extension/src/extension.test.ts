import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildRegistry } from './extension.js';
import { describeKnown, nearest } from './nearest.js';

describe('buildRegistry', () => {
  it('finds each extension by its type, in the order of the list', () => {
    const registry = buildRegistry('channel', [{ type: 'syslog' }, { type: 'event_count' }, { type: 'network-policy' }]);
    expect([...registry.keys()]).toEqual(['syslog', 'event_count', 'network-policy']);
    expect(registry.get('syslog')).toEqual({ type: 'syslog' });
  });

  it('names the line to mend when a type is listed twice', () => {
    expect(() => buildRegistry('channel', [{ type: 'syslog' }, { type: 'syslog' }])).toThrow(
      'The channel type "syslog" is listed twice; remove one line from the index.ts of channels.',
    );
  });

  it.each(['Syslog', '', 'a b', '-a', 'a-', 'a__b', '1a'])('refuses the type %j', (type) => {
    expect(() => buildRegistry('source', [{ type }])).toThrow('ill-formed');
  });
});

describe('nearest', () => {
  it.each([
    ['nmae', 'name'],
    ['Name', 'name'],
    ['time_span', 'timespan'],
    ['groupby', 'groupBy'],
  ])('takes %s for %s', (word, expected) => {
    expect(nearest(word, ['kind', 'name', 'timespan', 'groupBy'])).toBe(expected);
  });

  it('takes an unfinished word for the whole one', () => {
    expect(nearest('severity', ['name', 'severity_id'])).toBe('severity_id');
    expect(nearest('sev', ['name', 'severity_id'])).toBeUndefined();
  });

  it('proposes nothing when nothing is near', () => {
    expect(nearest('webhook', ['kind', 'name'])).toBeUndefined();
    expect(nearest('', [])).toBeUndefined();
  });

  it('always finds a candidate itself', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 30 }), { minLength: 1 }), (words) => {
        const word = words[0] as string;
        expect(nearest(word, words)?.toLowerCase()).toBe(word.toLowerCase());
      }),
    );
  });

  it('lists the nearest first', () => {
    expect(describeKnown('slak', ['jira', 'email', 'slack'])).toBe('did you mean "slack"? known: slack, email, jira');
    expect(describeKnown('zzzzzz', ['jira', 'email'])).toBe('known: email, jira');
  });

  it('keeps a long list short, and out of the way of a proposal', () => {
    const many = Array.from({ length: 50 }, (_, index) => `word-${index + 10}`);
    expect(describeKnown('wrd-12', many)).toBe('did you mean "word-12"?');
    expect(describeKnown('zzzzzzzzz', many)).toMatch(/^known: word-10, .*, word-49 and 10 more$/);
    expect(describeKnown('x', [])).toBe('there is none');
  });
});
