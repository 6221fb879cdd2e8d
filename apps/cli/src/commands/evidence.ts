import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { Artefact } from '@tocsin/domain';
import { Api, API_OPTIONS, API_USAGE, queryOf } from '../api.js';
import {
  OUTPUT,
  OUTPUT_USAGE,
  UsageError,
  counted,
  shown,
  table,
  textOption,
  type Command,
  type ExitCode,
  type Given,
  type Terminal,
} from '../command.js';

export const evidence: Command = {
  name: 'evidence',
  summary: 'Lists, downloads and verifies what actions collected.',
  usage: `list --incident <id> | get <id> [--to <file>] | verify <id>…   [options]

Who downloads is on record. get and verify compare the bytes with the SHA-256 that was written down when they were collected.
Exit code 1: they are not what was collected.

  --incident <id>  of this incident
  --action <id>    of this action
  --to <file>      where to; "-" for standard output; default: the name it was collected by, in this directory
${OUTPUT_USAGE}${API_USAGE}`,
  words: ['list', 'get', 'verify'],
  options: { ...API_OPTIONS, incident: { type: 'string' }, action: { type: 'string' }, to: { type: 'string' }, output: OUTPUT },
  async run(given, terminal) {
    const [what, ...ids] = given.positionals;
    const api = new Api(given);
    if (what === 'list' && ids.length === 0) return list(api, given, terminal);
    if (what === 'get' && ids.length === 1) return get(api, ids[0] ?? '', textOption(given, 'to'), terminal);
    if (what === 'verify' && ids.length > 0) {
      let code: ExitCode = 0;
      for (const id of ids) {
        const { artefact, intact } = await fetched(api, id);
        terminal.out(
          `${id}: ${intact ? 'as collected' : 'NOT what was collected'}, ${counted(artefact.bytes, 'byte')}, SHA-256 ${artefact.sha256}\n`,
        );
        if (!intact) code = 1;
      }
      return code;
    }
    throw new UsageError('expected "list --incident <id>", "get <id>" or "verify <id>…"');
  },
};

async function list(api: Api, given: Given, terminal: Terminal): Promise<ExitCode> {
  const [incident, action] = [textOption(given, 'incident'), textOption(given, 'action')];
  if (incident === undefined && action === undefined) throw new UsageError('expected --incident <id> or --action <id>');
  const { items: found } = await api.get<{ items: Artefact[] }>(`/v1/evidence${queryOf({ incident, action })}`);
  terminal.out(shown(given, found, () => listed(found)));
  return 0;
}

function listed(found: readonly Artefact[]): string {
  if (found.length === 0) return 'There is none.\n';
  return table(
    ['id', 'name', 'bytes', 'collected', 'state', 'sha256'],
    found.map(({ id, name, bytes, collected_at: at, deleted_at: deleted, legal_hold: hold, sha256 }) => [
      ...[id, name, String(bytes), at, stateOf(deleted, hold !== undefined), sha256],
    ]),
  );
}

function stateOf(deleted: string | undefined, held: boolean): string {
  if (deleted !== undefined) return `deleted ${deleted}`;
  return held ? 'on hold' : 'kept';
}

async function get(api: Api, id: string, to: string | undefined, terminal: Terminal): Promise<ExitCode> {
  const { artefact, bytes, intact } = await fetched(api, id);
  if (!intact) {
    terminal.err(`${id}: what came is NOT what was collected; nothing was written.\n`);
    return 1;
  }
  if (to === '-') {
    terminal.out(bytes);
    return 0;
  }
  // It is named by what was collected, which an attacker may have had in hands: no directory of ours is to be left.
  const file = to ?? artefact.name.replaceAll(/[^\w.-]/g, '_').replace(/^\.+/, '_');
  await writeFile(file, bytes, { flag: 'wx' }).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(
      code === 'EEXIST' ? `"${file}" is there already; say another with --to` : `"${file}" cannot be written (${code ?? String(error)})`,
    );
  });
  terminal.out(`${file}: ${counted(bytes.length, 'byte')}, as collected.\n`);
  return 0;
}

async function fetched(api: Api, id: string): Promise<{ artefact: Artefact; bytes: Buffer; intact: boolean }> {
  const path = `/v1/evidence/${encodeURIComponent(id)}`;
  const artefact = await api.get<Artefact>(path);
  const bytes = await api.bytes(`${path}/content`);
  return { artefact, bytes, intact: createHash('sha256').update(bytes).digest('hex') === artefact.sha256 };
}
