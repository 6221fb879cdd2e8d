import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { useWorkspace } from '../testing.js';

describe('what services find when they start', () => {
  const workspaces = useWorkspace();
  const before = process.env['TOCSIN_DATA_DIR'];
  let tocsin: Awaited<ReturnType<typeof workspaces.open>>['tocsin'];
  beforeEach(async () => {
    const workspace = await workspaces.open();
    tocsin = workspace.tocsin;
    process.env['TOCSIN_DATA_DIR'] = workspace.path('data');
  });
  afterEach(() => {
    if (before === undefined) delete process.env['TOCSIN_DATA_DIR'];
    else process.env['TOCSIN_DATA_DIR'] = before;
  });

  it('is a schema that is brought up to date once', async () => {
    const first = await tocsin('migrate');
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out).toMatch(/^Applied 001_spine\.\nApplied 002_/);
    expect(await tocsin('migrate')).toEqual({ code: 0, out: 'The schema is up to date.\n', err: '' });
  });

  it('are topics, created when they are missing, and never with other partitions', async () => {
    const created = await tocsin('topics');
    expect(created).toMatchObject({ code: 0, err: '' });
    expect(created.out).toContain('tocsin.violations: 12 partitions, kept 7 days\n');
    expect(await tocsin('topics')).toEqual(created);
    process.env['KAFKA_PARTITIONS'] = '6';
    const other = await tocsin('topics');
    delete process.env['KAFKA_PARTITIONS'];
    expect(other.code).toBe(2);
    expect(other.err).toContain('tocsin.violations');
  });
});
