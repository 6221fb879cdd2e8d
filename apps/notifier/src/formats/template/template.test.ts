import { describe, expect, it } from '@jest/globals';
import { buildIncident, buildViolation } from '@tocsin/testing';
import { FULL_VIOLATION, input, runFormatContract } from '../contract.js';
import { FormatError } from '../format.js';
import { template } from './template.js';

function write(text: string, event = input('violations', FULL_VIOLATION), more: object = {}): string {
  return template
    .create(template.config.parse({ text, ...more }))
    .write(event)
    .body.toString();
}

function mistakes(text: string, variable: 'violation' | 'incident' | 'action' = 'violation'): string[] {
  const parsed = template.config.safeParse({ text });
  if (!parsed.success) return parsed.error.issues.map(({ message }) => message);
  return (template.check as NonNullable<typeof template.check>)(parsed.data, variable).map(({ message }) => message);
}

const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;
const EACH = '{{ violation.id | default: incident.id | default: action.id }}';
const TEXT = '{% if violation %}{{ violation.message }}{% elsif incident %}{{ incident.reason }}{% else %}{{ action.reason }}{% endif %}';

runFormatContract('template, on one line', {
  format: template.create(template.config.parse({ text: `id ${EACH}\nmessage ${TEXT}`, maxBytes: 1_000_000 })),
  mediaType: 'text/plain; charset=utf-8',
  read({ body }, events) {
    const lines = body.toString().split('\n');
    if (events === 'digests') return { text: (lines[0] ?? '').replace(/^digest \S+: /, ''), fields: lines.length };
    return { text: (lines[1] ?? '').slice('message '.length), fields: lines.length };
  },
  expected: (text) => text.replaceAll(CONTROLS, ' '),
});

runFormatContract('template, as JSON', {
  format: template.create(
    template.config.parse({
      text: `{ "id": ${EACH}, "text": {% if violation %}{{ violation.message }}{% elsif incident %}{{ incident.reason }}{% else %}{{ action.reason }}{% endif %} }`,
      escape: 'json',
      maxBytes: 1_000_000,
    }),
  ),
  mediaType: 'application/json',
  read({ body }) {
    const value = JSON.parse(body.toString()) as { text?: string; summary?: string };
    return { text: value.text ?? value.summary ?? '', fields: Object.keys(value).length };
  },
});

describe('template', () => {
  it('puts in what the event has, and nothing where it has nothing', () => {
    expect(
      write('{{ severity | upcase }} {{ violation.process.name }} on {{ violation.node.name }}: {{ violation.tags | join: "+" }} {{ event.type }}'),
    ).toBe('MEDIUM nc on worker-1: shell dev.tocsin.violation.v1');
    expect(write('[{{ violation.process.name }}][{{ violation.labels.team }}]', input('violations', buildViolation()))).toBe('[][]');
    expect(write('{% for entity in incident.entities %}{{ entity.type }}={{ entity.name }};{% endfor %}', input('incidents', buildIncident()))).toBe(
      'workload=shop/web;',
    );
    expect(write('{{ violation.time | date: "%Y-%m-%d %H:%M" }}')).toBe('2026-09-14 14:02');
  });

  it('escapes for HTML, or not at all', () => {
    const event = input('violations', { ...FULL_VIOLATION, message: '<b>"&\n' });
    expect(write('<p>{{ violation.message }}</p>', event, { escape: 'html' })).toBe('<p>&#60;b&#62;&#34;&#38;\n</p>');
    expect(write('{{ violation.message }}', event, { escape: 'none' })).toBe('<b>"&\n');
    expect(write('{{ violation.message | raw }}', event)).toBe('<b>"&\n');
  });

  it('reaches no prototype, no function and no file', () => {
    expect(
      write('[{{ violation.constructor }}{{ violation.labels.constructor.name }}{{ violation.labels.__proto__ }}{{ violation.labels.toString }}]'),
    ).toBe('[]');
    expect(write('[{{ violation["constructor"]["constructor"] }}]')).toBe('[]');
    for (const tag of ['{% include "/etc/passwd" %}', '{% render "/etc/passwd" %}', '{% layout "/etc/passwd" %}']) {
      expect(mistakes(tag)).toEqual([expect.stringContaining('not found')]);
    }
  });

  it.each([
    ['a misspelt field', '{{ violation.procces.name }}', 'names "violation.procces", which no violation has; did you mean "process"?'],
    ['a field of another kind of event', '{{ incident.title }}', 'names "incident", which is no variable here'],
    ['a field of a text', '{{ violation.name.first_word }}', 'names "violation.name.first_word", but "violation.name" is a text'],
    ['an attribute that does not exist', '{{ event.typ }}', 'names "event.typ", which does not exist; did you mean "type"?'],
    [
      'a variable in a condition',
      '{% if violaton.count > 1 %}x{% endif %}',
      'names "violaton", which is no variable here; did you mean "violation"?',
    ],
    ['a filter that does not exist', '{{ violation.name | shout }}', 'is no template: undefined filter: shout'],
    ['a tag that does not end', '{% if violation %}x', 'is no template: tag {% if violation %} not closed'],
  ])('refuses %s when it is read', (_name, text, message) => {
    expect(mistakes(text)).toEqual([expect.stringContaining(message)]);
  });

  it.each([
    '{% for entity in incident.entities %}{{ entity.anything }}{{ forloop.index }}{% endfor %}',
    '{% assign x = incident.title %}{{ x }}',
    '{{ incident.group["workload.namespace"] }}{{ incident.title.size }}{{ incident.violations[0].id }}{{ incident.entities.first.name }}',
  ])('takes %s', (text) => {
    expect(mistakes(text, 'incident')).toEqual([]);
  });

  const ENDLESS: [string, string][] = [
    [
      'loops in loops',
      '{% for a in (1..1000) %}{% for b in (1..1000) %}{% for c in (1..1000) %}{{ violation.raw }}{% endfor %}{% endfor %}{% endfor %}',
    ],
    ['a range without end', '{% for a in (1..100000000) %}x{% endfor %}'],
    ['a text that doubles', `{% assign x = "xxxxxxxx" %}${'{% assign x = x | append: x %}'.repeat(40)}{{ x }}`],
    ['replacing by ever more', `{% assign x = "aaaaaaaa" %}${'{% assign x = x | replace: "a", "aaaaaaaa" %}'.repeat(12)}{{ x }}`],
    ['lists of lists', `{% assign x = violation.tags %}${'{% assign x = x | concat: x %}'.repeat(30)}{{ x | size }}`],
    ['capturing itself', `{% assign x = "xxxxxxxx" %}${'{% capture x %}{{ x }}{{ x }}{% endcapture %}'.repeat(40)}{{ x }}`],
  ];
  it.each(ENDLESS)('is ended in the midst of %s', (_name, text) => {
    const started = process.cpuUsage();
    expect(() => write(text)).toThrow(FormatError);
    expect(process.cpuUsage(started).user).toBeLessThan(3_000_000);
  });

  it('writes no more than it may', () => {
    expect(write('{{ violation.name }}', undefined, { maxBytes: 27 })).toHaveLength(27);
    expect(() => write('{{ violation.name }}', undefined, { maxBytes: 26 })).toThrow('wrote more than 26 bytes');
  });

  it('says that what it wrote is not JSON', () => {
    expect(() => write('{ "a": "{{ violation.name }}" }', undefined, { escape: 'json' })).toThrow('is not JSON');
  });
});
