import { Argument, type Command } from 'commander';
import { completionScript, shells, type Shell } from '../completion/completion-script.ts';
import { completionWords } from '../completion/completion-words.ts';

const examples = `
Examples:
  $ source <(lstm-gan completion bash)                                               # in this shell
  $ lstm-gan completion bash > ~/.local/share/bash-completion/completions/lstm-gan   # in every shell
  $ lstm-gan completion zsh > ~/.zfunc/_lstm-gan                                     # a folder of your fpath
  $ lstm-gan completion fish > ~/.config/fish/completions/lstm-gan.fish`;

export function addCompletion(program: Command): void {
  program
    .command('completion')
    .description('write a script that completes commands, options and names in your shell')
    .addArgument(new Argument('<shell>', 'your shell').choices([...shells]))
    .addHelpText('after', examples)
    .action(
      (shell: Shell) => void process.stdout.write(completionScript(shell, program.name(), completionWords(program))),
    );
}
