import { Api, API_OPTIONS, API_USAGE } from '../api.js';
import { OUTPUT, OUTPUT_USAGE, UsageError, shown, table, textOption, type Command, type ExitCode, type Given, type Terminal } from '../command.js';

/** As the API shows it. */
interface Token {
  id: string;
  name: string;
  role: string;
  person?: string;
  operations?: string[];
  expires_at: string;
  used_at?: string;
  revoked_at?: string;
  /** Only in the answer that makes it. */
  token?: string;
}

export const token: Command = {
  name: 'token',
  summary: 'Makes, lists and revokes tokens of the API.',
  usage: `create <name> --role <role> | list | revoke <id>   [options]

  create prints the token; it is kept nowhere, and cannot be shown again.

  --role <role>    viewer, operator, approver or admin
  --person <name>  whose it is; without it, it is of a service, which may not approve
  --only <op,…>    the only operations that it may do, as /v1/openapi.json names them
  --days <n>       how long it is good for; default 90, at most 366
${OUTPUT_USAGE}${API_USAGE}`,
  words: ['create', 'list', 'revoke'],
  options: {
    ...API_OPTIONS,
    role: { type: 'string' },
    person: { type: 'string' },
    only: { type: 'string' },
    days: { type: 'string' },
    output: OUTPUT,
  },
  async run(given, terminal) {
    const [what, subject, ...more] = given.positionals;
    if (more.length > 0) throw new UsageError(`"${more[0]}" is one argument too many`);
    if (what === 'create') return create(given, subject, terminal);
    if (what === 'list' && subject === undefined) return list(given, terminal);
    if (what === 'revoke') return revoke(given, subject, terminal);
    throw new UsageError('expected "create <name>", "list" or "revoke <id>"');
  },
};

async function create(given: Given, name: string | undefined, terminal: Terminal): Promise<ExitCode> {
  if (name === undefined) throw new UsageError('expected a name, which says what the token is for');
  const role = textOption(given, 'role');
  if (role === undefined) throw new UsageError('expected --role viewer, operator, approver or admin');
  const [person, only, days] = [textOption(given, 'person'), textOption(given, 'only'), textOption(given, 'days')];
  const made = await new Api(given).post<Token>('/v1/tokens', {
    name,
    role,
    ...(person !== undefined && { person }),
    ...(only !== undefined && { operations: only.split(',').map((operation) => operation.trim()) }),
    ...(days !== undefined && { days: Number(days) }),
  });
  // The token alone on standard output, so that a script can keep it.
  terminal.out(shown(given, made, () => `${made.token ?? ''}\n`));
  if (textOption(given, 'output') === undefined) terminal.err(`${made.id}: ${made.role}, good until ${made.expires_at}. It cannot be shown again.\n`);
  return 0;
}

async function list(given: Given, terminal: Terminal): Promise<ExitCode> {
  const items = await new Api(given).list<Token>('/v1/tokens');
  terminal.out(shown(given, items, () => listed(items)));
  return 0;
}

function listed(items: readonly Token[]): string {
  if (items.length === 0) return 'There is no token.\n';
  return table(
    ['id', 'name', 'role', 'of', 'state', 'used'],
    items.map(({ id, name, role, person, operations, expires_at: expires, used_at: used, revoked_at: revoked }) => [
      ...[id, name, operations === undefined ? role : `${role}, only ${operations.join(', ')}`, person ?? 'a service'],
      ...[revoked === undefined ? `until ${expires}` : `revoked ${revoked}`, used ?? 'never'],
    ]),
  );
}

async function revoke(given: Given, id: string | undefined, terminal: Terminal): Promise<ExitCode> {
  if (id === undefined) throw new UsageError('expected the id of a token; "tocsin token list" has them');
  const { name, revoked_at: at = '' } = await new Api(given).delete<Token>(`/v1/tokens/${encodeURIComponent(id)}`);
  terminal.out(`${name}: revoked ${at}.\n`);
  return 0;
}
