import { UsageError, type Command } from '../command.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** Commands as they are known to `run`, which this is one of itself. */
export function completion(commands: () => Promise<readonly Command[]>): Command {
  return {
    name: 'completion',
    summary: 'Prints completion for a shell.',
    usage: `bash | zsh | fish

  bash: source <(tocsin completion bash)                             in ~/.bashrc
  zsh:  source <(tocsin completion zsh)                              in ~/.zshrc, after compinit
  fish: tocsin completion fish > ~/.config/fish/completions/tocsin.fish`,
    words: SHELLS,
    options: {},
    async run({ positionals }, terminal) {
      const shell = SHELLS.find((known) => known === positionals[0]);
      if (shell === undefined || positionals.length > 1) throw new UsageError('expected bash, zsh or fish');
      const known = await commands();
      terminal.out(shell === 'fish' ? fish(known) : `${shell === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : ''}${bash(known)}`);
      return 0;
    },
  };
}

function flags({ options }: Command): string[] {
  return [...Object.keys(options), 'help'].map((name) => `--${name}`);
}

/** Options after a dash, else the words that a command has, else files. */
function bash(commands: readonly Command[]): string {
  const cases = commands
    .map((command) => `    ${command.name}) words='${(command.words ?? []).join(' ')}' flags='${flags(command).join(' ')}' ;;\n`)
    .join('');
  return `_tocsin() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words='' flags=''
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')}' -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases}  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$current")) ;;
    *) if [ "$COMP_CWORD" -eq 2 ]; then COMPREPLY=($(compgen -W "$words" -- "$current")); fi ;;
  esac
}
complete -o default -F _tocsin tocsin
`;
}

function fish(commands: readonly Command[]): string {
  const quoted = (text: string): string => `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
  return commands
    .flatMap(({ name, summary, words, options }) => [
      `complete -c tocsin -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
      ...(words === undefined ? [] : [`complete -c tocsin -n '__fish_seen_subcommand_from ${name}' -a ${quoted(words.join(' '))}`]),
      ...Object.entries(options).map(
        ([option, { type, short }]) =>
          `complete -c tocsin -n '__fish_seen_subcommand_from ${name}' -l ${option}${short === undefined ? '' : ` -s ${short}`}${type === 'string' ? ' -r' : ''}`,
      ),
    ])
    .map((line) => `${line}\n`)
    .join('');
}
