import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { v5 } from 'uuid';
import { actionId, canonicalJson, commandId, deliveryId, incidentId, violationId } from './ids.js';

describe('ids', () => {
  it('are for ever: these were given by the first release', () => {
    expect(violationId('falco', 'prod', '7f0e5c3a', '2026-09-14T14:02:11.123Z')).toBe('69568caa-fc78-5e61-a674-327c70dd680c');
    expect(incidentId('shell', 'v1', '["shop"]', '2026-09-14T00:00:00.000Z')).toBe('70acb539-15c2-5207-a716-57dc0960ba11');
    expect(actionId('70acb539-15c2-5207-a716-57dc0960ba11', 'contain', 'quarantine', 'prod/pod/shop/web-1')).toBe(
      'ca454d98-94eb-531f-af54-d50fbd05b364',
    );
    expect(deliveryId('a', 'b')).toBe('f401dc80-cdb9-5367-b17e-63a270fd7167');
    expect(commandId('a', 'b')).toBe('a8616ff7-0abe-5524-af5d-e4aa45338187');
  });

  it('are those of the package uuid, whatever the text and its length', () => {
    const namespace = '0b8a2a43-5a0e-5c0c-9e0b-6d0a5a5a1c04';
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme', minLength: 1_000, maxLength: 3_000 }));
    fc.assert(
      fc.property(text, fc.string(), (event, subscription) => {
        expect(deliveryId(event, subscription)).toBe(v5(JSON.stringify([event, subscription]), namespace));
      }),
    );
  });

  it('differ when the parts differ, also when they join to the same text', () => {
    expect(violationId('a', 'bc', 'd', 'e')).not.toBe(violationId('ab', 'c', 'd', 'e'));
    expect(actionId('x', 'y', '', '')).not.toBe(incidentId('x', 'y', '', ''));
    expect(deliveryId('x', 'y')).not.toBe(incidentId('x', 'y', '', ''));
  });
});

describe('canonicalJson', () => {
  it('does not depend on the order of keys', () => {
    expect(canonicalJson({ b: [{ d: 1, c: null }], a: 'x' })).toBe('{"a":"x","b":[{"c":null,"d":1}]}');
  });

  it('is JSON of the same value', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))));
  });
});
