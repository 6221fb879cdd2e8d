import { expect, it } from '@jest/globals';
import { getDeadLetter, insertDeadLetters, listDeadLetters, type DeadLetterFilter, type DeadLetterRow } from '../index.js';
import { allPages, HOSTILE, type CurrentStore } from './harness.js';

const letter = (parts: Partial<DeadLetterRow> = {}): DeadLetterRow => ({
  id: '0-7',
  time: '2026-09-14T14:00:00.000Z',
  stage: 'decode',
  reason: 'bad_input',
  component: 'falco',
  message: 'not JSON',
  key: null,
  value: Buffer.from([0, 255, 10, 0xc3, 0x28]),
  headers: { a: 'ü' },
  ...parts,
});

export function deadLettersSuite(current: CurrentStore): void {
  const ids = async (filter: DeadLetterFilter): Promise<string[]> =>
    (await listDeadLetters(current().db, filter, { limit: 50 })).items.map(({ id }) => id);

  it('keeps the bytes, and the first of repeats', async () => {
    const { db } = current();
    expect(await insertDeadLetters(db, [letter(), letter({ message: 'again' })])).toBe(1);
    expect(await insertDeadLetters(db, [letter({ message: 'again' })])).toBe(0);
    expect(await getDeadLetter(db, '0-7')).toEqual(letter());
    expect(await getDeadLetter(db, '0-8')).toBeUndefined();
  });

  it('keeps an empty payload and one of a megabyte', async () => {
    const { db } = current();
    const large = Buffer.alloc(1024 * 1024, 0xab);
    await insertDeadLetters(db, [letter({ id: '0-1', value: Buffer.alloc(0) }), letter({ id: '0-2', value: large })]);
    expect((await getDeadLetter(db, '0-1'))?.value).toEqual(Buffer.alloc(0));
    expect((await getDeadLetter(db, '0-2'))?.value.equals(large)).toBe(true);
  });

  it('lists sizes instead of payloads', async () => {
    await insertDeadLetters(current().db, [letter()]);
    const { value: _value, ...rest } = letter();
    expect((await listDeadLetters(current().db, {}, { limit: 1 })).items).toEqual([{ ...rest, bytes: 5 }]);
  });

  it('pages newest first and filters', async () => {
    const { db } = current();
    await insertDeadLetters(db, [
      letter({ id: '0-1' }),
      letter({ id: '1-1' }),
      letter({ id: '0-2', time: '2026-09-14T15:00:00.000Z', stage: 'deliver', reason: 'internal', component: 'siem' }),
    ]);
    expect((await allPages((page) => listDeadLetters(db, {}, page), 1)).map(({ id }) => id)).toEqual(['0-2', '1-1', '0-1']);
    expect(await ids({ stage: 'deliver' })).toEqual(['0-2']);
    expect(await ids({ reason: 'bad_input' })).toEqual(['1-1', '0-1']);
    expect(await ids({ component: 'siem' })).toEqual(['0-2']);
    expect(await ids({ since: '2026-09-14T14:30:00Z' })).toEqual(['0-2']);
    expect(await ids({ until: '2026-09-14T14:30:00Z' })).toEqual(['1-1', '0-1']);
  });

  it.each(Object.entries(HOSTILE))('keeps keys and headers with %s', async (_, text) => {
    const hostile = letter({ key: text, headers: { [text]: text } });
    await insertDeadLetters(current().db, [{ ...hostile, component: text, message: text, stage: text, reason: text }]);
    expect(await getDeadLetter(current().db, '0-7')).toMatchObject({ key: text, headers: { [text]: text } });
    expect(await ids({ component: text, stage: text, reason: text })).toEqual(['0-7']);
  });
}
