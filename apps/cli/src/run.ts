import { parseArgs } from 'node:util';
import { ConfigErrors, describeKnown } from '@tocsin/extension';
import { ApiError } from './api.js';
import { OUTPUT, UsageError, shown, type Command, type ExitCode, type Terminal } from './command.js';

/** Each is loaded when it is called, so that none waits for what another needs. */
const COMMANDS: Record<string, () => Promise<Command>> = {
  check: async () => (await import('./commands/check.js')).check,
  test: async () => (await import('./commands/test.js')).test,
  convert: async () => (await import('./commands/convert.js')).convert,
  explain: async () => (await import('./commands/explain.js')).explain,
  status: async () => (await import('./commands/status.js')).status,
  incidents: async () => (await import('./commands/incidents.js')).incidents,
  incident: async () => (await import('./commands/incidents.js')).incident,
  tail: async () => (await import('./commands/tail.js')).tail,
  ack: async () => (await import('./commands/say.js')).ack,
  assign: async () => (await import('./commands/say.js')).assign,
  note: async () => (await import('./commands/say.js')).note,
  resolve: async () => (await import('./commands/say.js')).resolve,
  reopen: async () => (await import('./commands/say.js')).reopen,
  merge: async () => (await import('./commands/say.js')).merge,
  silence: async () => (await import('./commands/silence.js')).silence,
  cases: async () => (await import('./commands/cases.js')).cases,
  evidence: async () => (await import('./commands/evidence.js')).evidence,
  policies: async () => (await import('./commands/policies.js')).policies,
  rules: async () => (await import('./commands/policies.js')).rules,
  actions: async () => (await import('./commands/actions.js')).actions,
  approve: async () => (await import('./commands/actions.js')).approve,
  reject: async () => (await import('./commands/actions.js')).reject,
  revert: async () => (await import('./commands/actions.js')).revert,
  extend: async () => (await import('./commands/actions.js')).extend,
  'stop-all': async () => (await import('./commands/response.js')).stopAll,
  resume: async () => (await import('./commands/response.js')).resume,
  audit: async () => (await import('./commands/response.js')).audit,
  subscriptions: async () => (await import('./commands/subscriptions.js')).subscriptions,
  redeliver: async () => (await import('./commands/subscriptions.js')).redeliver,
  redrive: async () => (await import('./commands/subscriptions.js')).redrive,
  drill: async () => (await import('./commands/subscriptions.js')).drill,
  token: async () => (await import('./commands/token.js')).token,
  migrate: async () => (await import('./commands/provision.js')).migrate,
  topics: async () => (await import('./commands/provision.js')).topics,
  config: async () => (await import('./commands/config.js')).config,
  completion: async () => (await import('./commands/completion.js')).completion(all),
};

export async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') return help(rest[0], terminal);
  const command = await commandOf(name, terminal);
  if (command === undefined) return 2;
  try {
    const { values, positionals } = parse(command, rest);
    if (values['help'] === true) return printUsage(command, terminal);
    // A slip of the hand is told before anything is done.
    if (command.options['output'] === OUTPUT) shown({ values, positionals }, undefined, String);
    return await command.run({ values, positionals }, terminal);
  } catch (error) {
    if (error instanceof UsageError) {
      terminal.err(`tocsin ${name}: ${error.message}\nTry "tocsin ${name} --help".\n`);
      return 2;
    }
    if (error instanceof ConfigErrors) {
      terminal.err(`${error.message}\n`);
      return 1;
    }
    terminal.err(`tocsin ${name}: ${messageOf(error)}\n`);
    return error instanceof ApiError ? 1 : 2;
  }
}

function all(): Promise<Command[]> {
  return Promise.all(Object.values(COMMANDS).map((load) => load()));
}

async function commandOf(name: string, terminal: Terminal): Promise<Command | undefined> {
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) terminal.err(`tocsin: "${name}" is no command; ${describeKnown(name, Object.keys(COMMANDS))}\n`);
  return load?.();
}

function messageOf(error: unknown): string {
  return (error as { message?: string } | null)?.message ?? String(error);
}

function parse(command: Command, args: readonly string[]) {
  const options = { ...command.options, help: { type: 'boolean', short: 'h' } } as const;
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    const message = messageOf(error);
    const unknown = /^Unknown option '(-{1,2}[^']+)'/.exec(message)?.[1];
    if (unknown === undefined) throw new UsageError(message);
    const known = Object.keys(options).map((option) => `--${option}`);
    throw new UsageError(`"${unknown}" is no option; ${describeKnown(unknown, known)}`);
  }
}

async function help(name: string | undefined, terminal: Terminal): Promise<ExitCode> {
  if (name !== undefined) {
    const command = await commandOf(name, terminal);
    return command === undefined ? 2 : printUsage(command, terminal);
  }
  const commands = await all();
  terminal.out('Usage: tocsin <command> [options]\n\n');
  for (const command of commands) terminal.out(`  ${command.name.padEnd(15)}${command.summary}\n`);
  terminal.out('\n"tocsin <command> --help" says more.\n');
  return 0;
}

function printUsage(command: Command, terminal: Terminal): ExitCode {
  terminal.out(`${command.summary}\n\nUsage: tocsin ${command.name} ${command.usage.trim()}\n`);
  return 0;
}
