/**
 * Writes scripts that let a shell complete the command. They contain all words, so that completion does not start Node.
 */
import type { CommandWords, OptionWords } from './completion-words.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** Returns the completion script for a shell. */
export function completionScript(shell: Shell, name: string, commands: readonly CommandWords[]): string {
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](name, commands);
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function bashScript(name: string, commands: readonly CommandWords[]): string {
  const complete = ({ words, paths }: Pick<OptionWords, 'words' | 'paths'>): string =>
    [
      ...(words.length > 0 ? [`COMPREPLY=($(compgen -W ${quoted(words.join(' '))} -- "$current"))`] : []),
      ...(paths === 'none'
        ? []
        : [
            `compopt -o filenames; mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen ${paths === 'files' ? '-f' : '-d'} -- "$current")`,
          ]),
      'return',
    ].join('; ');
  const options = commands.flatMap(({ name: command, options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .map((option) => `    '${command} ${option.flag}') ${complete(option)} ;;`),
  );
  const flags = commands.map(({ name: command, options, argument }) =>
    [
      `    ${command})`,
      `      if [[ $current == -* ]]; then COMPREPLY=($(compgen -W ${quoted(options.map(({ flag }) => flag).join(' '))} -- "$current")); return; fi`,
      `      ${complete(argument)} ;;`,
    ].join('\n'),
  );
  return `# bash completion of ${name}; load it with: source <(${name} completion bash)
_${name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command='' word
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in ${commands.map(({ name: command }) => command).join('|')}) command=$word; break ;; esac
  done
  [[ $current == -* ]] || case "$command $previous" in
${options.join('\n')}
  esac
  case $command in
    '') COMPREPLY=($(compgen -W ${quoted([...commands.map(({ name: command }) => command), '--help', '--version'].join(' '))} -- "$current")) ;;
${flags.join('\n')}
  esac
}
complete -F _${name} ${name}
`;
}

function zshScript(name: string, commands: readonly CommandWords[]): string {
  // Colons and brackets have a meaning in the syntax of _arguments.
  const plain = (text: string): string => text.replace(/[:[\]\\]/g, '\\$&');
  const action = ({ words, paths }: Pick<OptionWords, 'words' | 'paths'>): string => {
    const path = paths === 'files' ? '_files' : '_files -/';
    if (words.length === 0) return paths === 'none' ? ' ' : path;
    return paths === 'none' ? `(${words.join(' ')})` : `{compadd ${words.join(' ')}; ${path}}`;
  };
  const specOf = (option: OptionWords): string =>
    quoted(
      `${option.flag}[${plain(option.description)}]${option.takesValue ? `${option.isOptional ? '::' : ':'}value:${action(option)}` : ''}`,
    );
  const cases = commands.map(({ name: command, options, argument }) => {
    const specs = options.map(specOf);
    if (argument.words.length > 0 || argument.paths !== 'none') specs.push(quoted(`1:argument:${action(argument)}`));
    return [`    ${command}) _arguments ${specs.join(' \\\n      ')} ;;`].join('\n');
  });
  return `#compdef ${name}
# zsh completion of ${name}; load it with: source <(${name} completion zsh)
_${name}() {
  local -a commands=(${commands.map(({ name: command, description }) => quoted(`${command}:${description.replaceAll(':', '\\:')}`)).join(' ')})
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  local command=$words[2]
  shift words; (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
# Loaded by name from a folder of fpath, this file is the function's first call.
if [[ $funcstack[1] == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi
`;
}

function fishScript(name: string, commands: readonly CommandWords[]): string {
  const lines = commands.flatMap(({ name: command, description, options, argument }) => {
    const here = `complete -c ${name} -n '__fish_seen_subcommand_from ${command}'`;
    const values = ({ words, paths }: Pick<OptionWords, 'words' | 'paths'>): string => {
      const given = [...words, ...(paths === 'folders' ? ['(__fish_complete_directories)'] : [])];
      return `${given.length > 0 ? ` -a ${quoted(given.join(' '))}` : ''}${paths === 'files' ? ' -F' : ''}`;
    };
    return [
      `complete -c ${name} -n __fish_use_subcommand -a ${command} -d ${quoted(description)}`,
      ...options.map(
        (option) =>
          `${here} -l ${option.flag.slice(2)} -d ${quoted(option.description)}${option.takesValue ? ` -x${values(option)}`.replace(' -x -F', ' -r -F') : ''}`,
      ),
      ...(argument.words.length > 0 || argument.paths !== 'none' ? [`${here}${values(argument)}`] : []),
    ];
  });
  return `# fish completion of ${name}; load it with: ${name} completion fish | source\ncomplete -c ${name} -f\n${lines.join('\n')}\n`;
}
