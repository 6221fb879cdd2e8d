import { Api, API_OPTIONS, API_USAGE } from '../api.js';
import { OUTPUT, UsageError, asJson, textOption, wantsJson, type Command, type ExitCode, type Given, type Terminal } from '../command.js';

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
  -o, --output     text or json
${API_USAGE}`,
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
  if (wantsJson(given)) {
    terminal.out(asJson(made));
    return 0;
  }
  // The token alone on standard output, so that a script can keep it.
  terminal.out(`${made.token ?? ''}\n`);
  terminal.err(`${made.id}: ${made.role}, good until ${made.expires_at}. It cannot be shown again.\n`);
  return 0;
}

async function list(given: Given, terminal: Terminal): Promise<ExitCode> {
  const api = new Api(given);
  const items: Token[] = [];
  let cursor: string | undefined;
  do {
    const more: string = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await api.get<{ items: Token[]; next_cursor?: string }>(`/v1/tokens?limit=500${more}`);
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  if (wantsJson(given)) {
    terminal.out(asJson(items));
    return 0;
  }
  if (items.length === 0) terminal.out('There is no token.\n');
  for (const { id, name, role, person, operations, expires_at: expires, used_at: used, revoked_at: revoked } of items) {
    const whose = person === undefined ? 'a service' : person;
    const only = operations === undefined ? '' : `, only ${operations.join(', ')}`;
    const state = revoked === undefined ? `until ${expires}` : `revoked ${revoked}`;
    terminal.out(`${id}  ${name.padEnd(20)} ${role.padEnd(8)}  ${whose}${only}  ${state}  ${used === undefined ? 'never used' : `used ${used}`}\n`);
  }
  return 0;
}

async function revoke(given: Given, id: string | undefined, terminal: Terminal): Promise<ExitCode> {
  if (id === undefined) throw new UsageError('expected the id of a token; "tocsin token list" has them');
  const { name, revoked_at: at = '' } = await new Api(given).delete<Token>(`/v1/tokens/${encodeURIComponent(id)}`);
  terminal.out(`${name}: revoked ${at}.\n`);
  return 0;
}
