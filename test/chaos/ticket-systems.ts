import { fakeJira, fakeServiceNow } from '@tocsin/testing';
import type { Incident } from '@tocsin/domain';

/** A ticket system of a vendor, as the tests of cases see it. */
export interface TicketSystem {
  name: string;
  /** What stands below `channel` of a subscription. */
  channel: string;
  /** What the notifiers need in their environment. */
  env: Record<string, string>;
  tickets(): readonly { name: string; title: string; isRight(status: Incident['status']): boolean }[];
  /** Requests so far. */
  requests(): number;
  /** Answers to writes that were lost so far. */
  lost(): number;
  close(): Promise<void>;
}

export interface TicketSystemOptions {
  /** From 0 to below 1. */
  chance(): number;
  /** Share of the answers to writes that are lost. */
  lose: number;
  /** A search misses what is younger. */
  lagMs: number;
}

export const TICKET_SYSTEMS: Readonly<Record<'jira' | 'servicenow', (options: TicketSystemOptions) => Promise<TicketSystem>>> = {
  async jira({ chance, lose, lagMs }) {
    const fake = await fakeJira({ flavor: 'cloud', authorization: 'Bearer x', indexLagMs: lagMs });
    /** To do, in progress, done. */
    const status = { open: '1', acknowledged: '3', contained: '3', resolved: '5' } as const;
    let lost = 0;
    fake.misbehave((request) => {
      if (request.startsWith('GET') || chance() >= lose) return undefined;
      lost++;
      return 'lost reply';
    });
    return {
      name: 'jira',
      channel: `{ type: jira, url: "${fake.url}", flavor: cloud, auth: { bearer: { env: TICKETS } }, project: SEC, searchLag: ${2 * lagMs}ms, timeout: 2s }`,
      env: { TICKETS: 'x' },
      tickets: () =>
        fake.issues.map((issue) => ({ name: issue.key, title: String(issue.fields['summary']), isRight: (of) => status[of] === issue.status })),
      requests: () => fake.requests.length,
      lost: () => lost,
      close: () => fake.close(),
    };
  },
  async servicenow({ chance, lose, lagMs }) {
    const fake = await fakeServiceNow({ auth: { basic: { username: 'tocsin', password: 'x' } }, lagMs });
    let lost = 0;
    fake.misbehave(({ method }) => {
      if (method === 'GET' || chance() >= lose) return undefined;
      lost++;
      return 'lost reply';
    });
    const auth = '{ basic: { username: tocsin, password: { env: TICKETS } } }';
    return {
      name: 'servicenow',
      channel: `{ type: servicenow, instance: "${fake.url}", auth: ${auth}, closeCode: Solved, searchLag: ${2 * lagMs}ms, timeout: 2s }`,
      env: { TICKETS: 'x' },
      tickets: () =>
        (fake.tables.get('incident') ?? []).map((row) => ({
          name: row['number'] ?? '',
          title: row['short_description'] ?? '',
          isRight: (of) => (row['state'] === '6') === (of === 'resolved'),
        })),
      requests: () => fake.requests.length,
      lost: () => lost,
      close: () => fake.close(),
    };
  },
};
