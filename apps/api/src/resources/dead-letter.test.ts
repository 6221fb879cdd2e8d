import { describe, expect, it } from '@jest/globals';
import { deadLetter as record } from '@tocsin/event-log';
import { deadLetter, showDeadLetter } from './dead-letter.js';

const row = (value: Buffer, headers: Record<string, string> = {}) => ({
  id: '0-1',
  time: '2026-09-14T14:00:00.000Z',
  stage: 'unknown',
  reason: 'unknown',
  component: '',
  message: '',
  key: null,
  value,
  headers,
});

describe('showDeadLetter', () => {
  it('shows bytes that are UTF-8 as text too, and others not', () => {
    expect(showDeadLetter(row(Buffer.from('{"ü": 1}'))).payload).toEqual({ base64: 'eyLDvCI6IDF9', text: '{"ü": 1}' });
    expect(showDeadLetter(row(Buffer.from([0xef, 0xbb, 0xbf, 0x61]))).payload.text).toBe('\uFEFFa');
    expect(showDeadLetter(row(Buffer.alloc(0))).payload).toEqual({ base64: '', text: '' });
    for (const bytes of [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xf0, 0x9f, 0x98]]) {
      expect(showDeadLetter(row(Buffer.from(bytes))).payload).toEqual({ base64: Buffer.from(bytes).toString('base64') });
    }
  });

  it('takes the error whole from the headers, since columns may be cut', () => {
    const { headers } = record(
      { key: null, value: Buffer.alloc(0), headers: {} },
      {
        stage: 'deliver',
        reason: 'internal',
        message: 'm'.repeat(900),
        component: 'siem',
        attempts: 3,
        firstTime: '2026-09-14T13:00:00.000Z',
        lastTime: '2026-09-14T14:00:00.000Z',
        origin: { topic: 'tocsin.incidents', partition: 4, offset: 99 },
      },
    );
    expect(showDeadLetter(row(Buffer.from('x'), { ...headers }))).toMatchObject({
      stage: 'deliver',
      message: 'm'.repeat(900),
      attempts: 3,
      origin: { topic: 'tocsin.incidents', partition: 4, offset: 99 },
    });
  });

  it('keeps its shape when the headers are nonsense', () => {
    const headers = Object.fromEntries(
      ['stage', 'reason', 'topic', 'partition', 'offset', 'attempts'].map((name) => [`tocsin.error.${name}`, '1e999\u0000']),
    );
    expect(() => deadLetter.parse(showDeadLetter(row(Buffer.from('x'), headers)))).not.toThrow();
    expect(showDeadLetter(row(Buffer.from('x'), headers))).toMatchObject({ attempts: 0, origin: { partition: 0, offset: 0 } });
  });
});
