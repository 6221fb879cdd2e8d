import { Api, API_OPTIONS, API_USAGE } from '../api.js';
import { UsageError, type Command } from '../command.js';

interface Control {
  stopped: boolean;
  actor: string;
  reason: string;
  time: string;
}

export const stopAll = turn('stop-all', 'stop', 'The kill switch: from now on no action begins. What stands is undone on time all the same.');
export const resume = turn('resume', 'resume', 'Ends the kill switch.');

function turn(name: string, what: string, summary: string): Command {
  return {
    name,
    summary,
    usage: `<reason> [options]\n\n${API_USAGE}`,
    options: API_OPTIONS,
    async run(given, terminal) {
      const reason = given.positionals.join(' ').trim();
      if (reason === '') throw new UsageError('expected why; it stays on record');
      const { stopped, actor, time } = await new Api(given).post<Control>(`/v1/response/${what}`, { reason });
      terminal.out(`${stopped ? 'Stopped' : 'Actions may begin again'}, by ${actor} at ${time}.\n`);
      return 0;
    },
  };
}

interface Verdict {
  ok: boolean;
  records?: number;
  last_hash?: string;
  seq?: number;
  why?: string;
}

export const audit: Command = {
  name: 'audit',
  summary: 'Verifies the record of all actions.',
  usage: `verify [options]

Computes the whole chain of hashes again. Exit code 0: it is whole; 1: it is broken. Keep the last hash elsewhere: a chain that was
cut at its end looks whole.

  --last <hash>  a last hash that you kept: it must still be in the chain
${API_USAGE}`,
  words: ['verify'],
  options: { ...API_OPTIONS, last: { type: 'string' } },
  async run(given, terminal) {
    if (given.positionals[0] !== 'verify') throw new UsageError('expected "verify"');
    const api = new Api(given);
    const { ok, records = 0, last_hash: last = '', seq, why } = await api.get<Verdict>('/v1/audit/verify');
    if (!ok) {
      terminal.out(`Broken at record ${seq ?? '?'}: ${why ?? ''}.\n`);
      return 1;
    }
    const kept = given.values['last'];
    if (typeof kept === 'string' && !(await holds(api, kept))) {
      terminal.out(`Cut: no record has the hash ${kept}.\n`);
      return 1;
    }
    terminal.out(`Whole: ${records} records, the last hash is ${last}.\n`);
    return 0;
  },
};

async function holds(api: Api, hash: string): Promise<boolean> {
  let after = 0;
  for (;;) {
    const { items } = await api.get<{ items: { seq: number; hash: string }[] }>(`/v1/audit?limit=500&after=${after}`);
    if (items.some((record) => record.hash === hash)) return true;
    const last = items.at(-1);
    if (last === undefined) return false;
    after = last.seq;
  }
}
