import { expect, it } from '@jest/globals';
import type { SeverityId } from '@tocsin/domain';
import { buildIncident, buildViolation } from '@tocsin/testing';
import { CompiledQuery, createQueryId, sql, type RootOperationNode } from 'kysely';
import {
  dueIncidents,
  insertViolations,
  listIncidents,
  listViolations,
  mutedIncidents,
  openIncidentsOfRules,
  pruneCommands,
  pruneIncidents,
  upsertIncidents,
  type IncidentFilter,
  type Queryable,
  type Store,
  type ViolationFilter,
} from '../index.js';
import { kept, type CurrentStore } from './harness.js';

/** Which indexes the first statement of `work` reads, as the database tells. */
async function indexesOf({ db, dialect }: Store, work: (db: Queryable) => Promise<unknown>): Promise<string[]> {
  const nodes: RootOperationNode[] = [];
  const watched = db.withPlugin({
    transformQuery: ({ node }) => {
      nodes.push(node);
      return node;
    },
    transformResult: async ({ result }) => result,
  });
  await work(watched);
  const { sql: text, parameters } = db.getExecutor().compileQuery(nodes[0]!, createQueryId());
  const explain = dialect === 'postgres' ? 'explain' : 'explain query plan';
  const { rows } = await db.executeQuery(CompiledQuery.raw(`${explain} ${text}`, [...parameters]));
  return [...JSON.stringify(rows).matchAll(/(?:using(?: covering)? index|using|on) ((?:violations|incidents?)_[a-z_]+)/gi)].map(([, name]) => name!);
}

/** Enough rows that reading all of them is what the database avoids. */
const ROWS = 6_000;

export function plansSuite(current: CurrentStore): void {
  const analyze = async (): Promise<void> => {
    // SQLite has no statistics in production either.
    if (current().dialect === 'postgres') await sql`analyze`.execute(current().db);
  };
  const forViolations = (filter: ViolationFilter): Promise<string[]> => indexesOf(current(), (db) => listViolations(db, filter, { limit: 50 }));
  const forIncidents = (filter: IncidentFilter): Promise<string[]> => indexesOf(current(), (db) => listIncidents(db, filter, { limit: 50 }));

  it('finds rare violations by an index, whatever they are filtered by, and of several filters by the one that leaves least', async () => {
    const violations = Array.from({ length: ROWS }, (_, n) =>
      buildViolation({
        time: new Date(Date.UTC(2026, 8, 14) + n * 1_000).toISOString(),
        name: `rule ${n % 600}`,
        severity_id: (1 + (n % 3)) as SeverityId,
        workload: { namespace: `ns-${n % 300}`, name: `w-${n % 1_200}` },
      }),
    );
    await insertViolations(current().db, violations);
    await analyze();
    expect(await forViolations({})).toEqual(['violations_newest']);
    expect(await forViolations({ source: 'absent' })).toEqual(['violations_source']);
    expect(await forViolations({ kind: 'absent' })).toEqual(['violations_kind']);
    expect(await forViolations({ cluster: 'absent' })).toEqual(['violations_cluster']);
    expect(await forViolations({ severity: 4 })).toEqual(['violations_high']);
    expect(await forViolations({ severity: 6 })).toEqual(['violations_high']);
    // Many have it, so that the newest ones are soon found.
    expect(await forViolations({ severity: 2 })).toEqual(['violations_newest']);
    const common = { source: 'falco', kind: 'process', cluster: 'test' };
    expect(await forViolations({ ...common, namespace: 'ns-7' })).toEqual(['violations_namespace']);
    expect(await forViolations({ ...common, name: 'rule 7' })).toEqual(['violations_name']);
    // Postgres may also combine indexes.
    expect(await forViolations({ ...common, namespace: 'ns-7', name: 'rule 7', workload: 'w-7' })).toContain('violations_workload');
  });

  it('finds incidents by an index', async () => {
    const { db } = current();
    const incidents = Array.from({ length: ROWS }, (_, n) => {
      const open = n % 500 === 0;
      return kept(
        buildIncident({
          id: `i${n}`,
          last_seen: new Date(Date.UTC(2026, 8, 14) + n * 1_000).toISOString(),
          rule: { name: `rule-${n % 300}`, version: '1', title: '' },
          status: open ? 'open' : 'resolved',
          ...(!open && { resolution: { reason: 'benign', by: 'ann', time: new Date(Date.UTC(2026, 8, 15) + n * 1_000).toISOString() } }),
          ...(n % 1_000 === 0 && { muted: [{ by: 'silence', id: 's', comment: '' }], assignee: 'ann' }),
        }),
        { home: `t/${n % 12}`, dueAt: open ? new Date(Date.UTC(2026, 8, 16) + n * 1_000).toISOString() : null },
      );
    });
    await upsertIncidents(db, incidents);
    await analyze();
    expect(await forIncidents({})).toEqual(['incidents_newest']);
    expect(await forIncidents({ rule: 'rule-7' })).toEqual(['incidents_rule']);
    expect(await forIncidents({ assignee: 'ann' })).toEqual(['incidents_assignee']);
    expect(await forIncidents({ muted: true })).toEqual(['incidents_muted']);
    expect(await forIncidents({ muted: false })).toEqual(['incidents_newest']);
    expect(await indexesOf(current(), (on) => dueIncidents(on, ['t/0'], '2026-09-16T00:00:01.000Z', 200))).toEqual(['incidents_due']);
    expect(await indexesOf(current(), (on) => mutedIncidents(on, ['t/0'], 200))).toEqual(['incidents_still_muted']);
    expect(await indexesOf(current(), (on) => openIncidentsOfRules(on, ['rule-0', 'rule-1'], 200))).toEqual(['incidents_unresolved']);
    const pruning = (on: Queryable): Promise<unknown> => pruneIncidents(on as Parameters<typeof pruneIncidents>[0], '2026-09-15T00:00:05.000Z', 5);
    expect(await indexesOf(current(), pruning)).toEqual(['incidents_resolved']);
    if (current().dialect === 'sqlite')
      expect(await indexesOf(current(), (on) => pruneCommands(on, '2026-09-15T00:00:00.000Z', 5))).toContain('incident_commands_oldest');
  });
}
