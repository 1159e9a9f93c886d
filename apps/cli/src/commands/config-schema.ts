import { editorSchema } from '@lstm-gan/run';
import type { Command } from 'commander';

const examples = `
Examples:
  $ lstm-gan config-schema > config.schema.json
  $ lstm-gan train --preset rows --print-config > my.yaml   # first line: # yaml-language-server: $schema=config.schema.json`;

export function addConfigSchema(program: Command): void {
  program
    .command('config-schema')
    .description('print the JSON schema of configuration files, for editors')
    .addHelpText('after', examples)
    .action(() => void process.stdout.write(`${JSON.stringify(editorSchema(), undefined, 2)}\n`));
}
