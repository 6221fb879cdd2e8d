import { describe, expect, it } from '@jest/globals';
import type { Violation } from '@tocsin/domain';
import { LogUnavailable, RecordTooLarge, Topic } from '@tocsin/event-log';
import { buildViolation } from '@tocsin/testing';
import fc from 'fast-check';
import { masker, type Mask } from './mask.js';
import { alert, faulty, intakeOn, openTestLog, readTopic } from './testing.js';

const SALT = 'a salt for tests';
const mask = (violation: Violation, ...masks: Mask[]): Violation => masker(masks, SALT)(violation);
const hash = (path: string): Mask => ({ path, with: 'hash' });
const remove = (path: string): Mask => ({ path, with: 'remove' });

/** Every text of a violation but those of a closed vocabulary. */
function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, item]) => [key, ...texts(item)]);
}

const violation = buildViolation({
  name: 'Shell of Alice Smith',
  message: 'user alice.smith@example.com ran bash (ALICE.SMITH@EXAMPLE.COM)',
  user: { name: 'alice.smith@example.com', uid: 1000 },
  process: { name: 'bash', cmd_line: 'su alice.smith@example.com', pid: 7, parent: { name: 'sshd' } },
  file: { path: '/home/alice.smith@example.com/.ssh' },
  labels: { 'user.loginname': 'alice.smith@example.com', 'mail/alice.smith@example.com': 'x', 'proc.tty': '34816' },
  tags: ['shell', 'of-alice.smith@example.com'],
  raw: '{"user":"alice.smith@example.com"}',
});

describe('masking', () => {
  it('leaves all as it is without masks, and where no masked field has a value', () => {
    expect(mask(violation)).toBe(violation);
    const other = buildViolation({ raw: '{"user":"x"}' });
    expect(mask(other, remove('user.name'), hash('labels.team'))).toBe(other);
  });

  it.each(['hash', 'remove'] as const)('with %s leaves the value nowhere', (by) => {
    const masked = mask(violation, { path: 'user.name', with: by });
    expect(texts(masked).filter((text) => /alice\.smith@example\.com/i.test(text))).toEqual([]);
    expect(masked).toMatchObject({
      id: violation.id,
      raw: '',
      raw_truncated: true,
      process: { name: 'bash', pid: 7 },
      labels: { 'proc.tty': '34816' },
    });
    expect(Object.keys(masked.labels ?? {})).toEqual(['user.loginname', 'proc.tty']);
  });

  it('hashes to the same text wherever the value stands, and to another one with another salt', () => {
    const masked = mask(violation, hash('user.name'));
    const token = masked.user?.name ?? '';
    expect(token).toMatch(/^masked:[0-9a-f]{16}$/);
    expect(masked).toMatchObject({
      message: `user ${token} ran bash (${token})`,
      process: { cmd_line: `su ${token}` },
      file: { path: `/home/${token}/.ssh` },
      labels: { 'user.loginname': token },
      tags: ['shell', `of-${token}`],
    });
    expect(mask({ ...violation, id: 'another', process: { name: 'alice.smith@example.com' } }, hash('process.name')).process?.name).toBe(token);
    expect(masker([hash('user.name')], 'another salt, for tests')(violation).user?.name).not.toBe(token);
  });

  it('is for ever: hashes of today find those of before', () => {
    expect(mask(violation, hash('user.name')).user?.name).toBe('masked:452e9f9b8bbbc886');
  });

  it('removes numbers, and what is left empty, but never a text that every violation has', () => {
    const masked = mask(violation, ...['user.name', 'user.uid', 'process.parent.name', 'message', 'workload.name', 'workload.namespace'].map(remove));
    expect(masked).toMatchObject({ message: '[removed]', workload: {} });
    expect(masked.user).toBe(undefined);
    expect(masked.process).not.toHaveProperty('parent');
    expect(masked.process?.name).toBe('bash');
  });

  it('masks all labels, or one whose name has dots', () => {
    expect(mask(violation, remove('labels')).labels).toBe(undefined);
    expect(mask(violation, remove('labels.proc.tty')).labels).not.toHaveProperty(['proc.tty']);
    expect(mask(violation, remove('tags')).tags).toEqual(['[removed]', '[removed]']);
  });

  it('replaces a short value only where it is a word', () => {
    const short = buildViolation({ user: { name: 'al' }, message: 'al: alarm for al, fatal /home/al/x', labels: { AL: 'al' } });
    expect(mask(short, remove('user.name'))).toMatchObject({ message: '[removed]: alarm for [removed], fatal /home/[removed]/x' });
    expect(mask(short, remove('user.name')).labels).toEqual({});
  });

  it('replaces the longer of two values that begin alike', () => {
    const both = buildViolation({ user: { name: 'alice' }, node: { name: 'alice-laptop' }, message: 'alice at alice-laptop' });
    const masked = mask(both, hash('user.name'), hash('node.name'));
    expect(masked.message).toBe(`${masked.user?.name} at ${masked.node?.name}`);
    expect(masked.user?.name).not.toBe(masked.node?.name);
  });

  it('finds a value whose end was cut off with the text that holds it', () => {
    const long = `curl -u alice:${'x'.repeat(500)}`;
    const cut = buildViolation({ process: { name: 'curl', cmd_line: long }, message: `ran ${long}`.slice(0, 300) });
    expect(mask(cut, remove('process.cmd_line')).message).toBe('ran [removed]');
  });

  it('takes values for text, not for patterns, and stays within bounds', () => {
    const hostile = buildViolation({ user: { name: '.*+?^${}()|[]\\/-' }, message: '.*+?^${}()|[]\\/- said .* and $&', process: { cmd_line: '.*' } });
    expect(mask(hostile, remove('user.name'))).toMatchObject({ message: '[removed] said .* and $&', process: { cmd_line: '.*' } });
    const growing = buildViolation({ user: { name: 'a' }, message: 'a '.repeat(2_000), process: { cmd_line: 'a '.repeat(4_000) } });
    expect(mask(growing, hash('user.name')).process?.cmd_line?.length).toBeLessThanOrEqual(8_192);
  });

  it('drops raw from all when it is among the masked fields', () => {
    const other = buildViolation({ raw: '{"a":1}' });
    expect(mask(other, remove('raw'))).toEqual({ ...other, raw: '', raw_truncated: true });
  });

  it('leaves no value of four characters or more anywhere, whatever it is', () => {
    const value = fc.string({ unit: 'grapheme', minLength: 4, maxLength: 40 });
    const around = fc.string({ unit: 'grapheme', maxLength: 20 });
    fc.assert(
      fc.property(value, around, around, fc.constantFrom('hash' as const, 'remove' as const), (secret, before, after, by) => {
        const text = `${before}${secret}${after}${secret}`;
        const one = buildViolation({
          user: { name: secret },
          message: text,
          process: { cmd_line: text },
          labels: { [text]: 'x', y: text },
          tags: [text],
          raw: text,
        });
        const masked = mask(one, { path: 'user.name', with: by });
        const left = texts({ ...masked, id: '', source: '', kind: '', cluster: '' }).filter((found) =>
          found.replaceAll(/masked:[0-9a-f]{16}|\[removed\]/g, '\u0000').includes(secret),
        );
        // The names of fields are ours.
        expect(left.filter((found) => !(found in one) && !['uid', 'cmd_line', 'namespace'].includes(found))).toEqual([]);
      }),
    );
  });
});

describe('masking at ingest', () => {
  const event = alert('a', {
    output: 'Shell by alice.smith@example.com',
    output_fields: {
      'user.name': 'alice.smith@example.com',
      'user.loginname': 'alice.smith@example.com',
      'proc.cmdline': 'su alice.smith@example.com',
    },
    filler: '\\u0061lice.smith@example.com',
  });
  const config = { mask: [{ path: 'user.name', with: 'hash' }], maskSalt: { env: 'X' } };

  it('leaves the value in nothing that is appended, dead letters of what is too large included', async () => {
    const log = faulty(await openTestLog());
    const { post } = intakeOn(log, { config });
    expect((await post(JSON.stringify(event))).status).toBe(200);
    log.failing = (topic) => (topic === Topic.Violations ? new RecordTooLarge(topic, 0, 0) : undefined);
    expect((await post(JSON.stringify({ ...event, uuid: 'b' }))).status).toBe(400);
    log.failing = undefined;
    const records = [...(await readTopic(log, Topic.Violations, 1)), ...(await readTopic(log, Topic.DeadLetters, 1))];
    const appended = records.map(({ key, value, headers }) => `${key} ${value.toString()} ${JSON.stringify(headers)}`);
    expect(appended.filter((text) => text.includes('lice.smith'))).toEqual([]);
    expect(appended.every((text) => text.includes('masked:'))).toBe(true);
    await log.close();
  });

  it('gives the ids that it would give without masks, so that a repeat is still one', async () => {
    const log = faulty(await openTestLog());
    log.failing = () => new LogUnavailable('away');
    await intakeOn(log, { config }).post(JSON.stringify(event));
    log.failing = undefined;
    const [masked, plain] = [await intakeOn(log, { config }).post(JSON.stringify(event)), await intakeOn(log).post(JSON.stringify(event))];
    expect(masked.body['ids']).toEqual(plain.body['ids']);
    await log.close();
  });
});
