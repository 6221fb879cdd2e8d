import { describe, expect, it } from '@jest/globals';
import { isTransient } from './errors.js';

const coded = (code: string, message = 'x'): Error => Object.assign(new Error(message), { code });

describe('isTransient', () => {
  it.each([
    ['08006', 'connection failure'],
    ['25006', 'read-only while a replica takes over'],
    ['40001', 'serialization failure'],
    ['40P01', 'deadlock'],
    ['53100', 'disk full'],
    ['53300', 'too many connections'],
    ['55P03', 'lock not available'],
    ['57014', 'statement timeout'],
    ['57P01', 'admin shutdown'],
    ['57P03', 'starting up'],
    ['ECONNREFUSED', 'nobody listens'],
    ['EAI_AGAIN', 'no name server'],
    ['SQLITE_BUSY_SNAPSHOT', 'another process writes'],
    ['SQLITE_FULL', 'disk full'],
  ])('says yes to %s, %s', (code) => {
    expect(isTransient(coded(code))).toBe(true);
  });

  it.each([
    ['22021', 'bytes that are not text'],
    ['23505', 'unique violation'],
    ['28P01', 'wrong password'],
    ['42P01', 'no such table'],
    ['54000', 'index row too large'],
    ['57P0X', 'unknown'],
    ['SQLITE_CONSTRAINT_UNIQUE', 'unique violation'],
    ['SQLITE_CORRUPT', 'damaged file'],
  ])('says no to %s, %s', (code) => {
    expect(isTransient(coded(code))).toBe(false);
  });

  it('knows what the Postgres client says without a code', () => {
    expect(isTransient(new Error('Connection terminated unexpectedly'))).toBe(true);
    expect(isTransient(new Error('timeout exceeded when trying to connect'))).toBe(true);
    expect(isTransient(new Error('Connection terminated due to connection timeout'))).toBe(true);
  });

  it('looks at the cause, and at every address that was tried', () => {
    expect(isTransient(new Error('could not store', { cause: coded('40001') }))).toBe(true);
    expect(isTransient(new AggregateError([coded('ECONNREFUSED'), coded('ETIMEDOUT')]))).toBe(true);
    expect(isTransient(new AggregateError([coded('ECONNREFUSED'), new Error('other')]))).toBe(false);
  });

  it('says no to anything else', () => {
    expect(isTransient(undefined)).toBe(false);
    expect(isTransient('Connection terminated')).toBe(false);
    expect(isTransient(new TypeError('x is not a function'))).toBe(false);
  });
});
