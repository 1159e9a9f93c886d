/** Tests the structure: which way imports point, what core may use, how files are named. */
import { readFileSync, readdirSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { importsOf } from './circles.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Which packages of the workspace each package and each app may import. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'packages/core': [],
  'packages/system': ['@lstm-gan/core'],
  'packages/engine': ['@lstm-gan/core', '@lstm-gan/system'],
  'packages/data': ['@lstm-gan/core', '@lstm-gan/system'],
  'packages/evaluation': ['@lstm-gan/core', '@lstm-gan/engine', '@lstm-gan/system'],
  'packages/transport': ['@lstm-gan/core', '@lstm-gan/system'],
  'packages/run': ['@lstm-gan/core', '@lstm-gan/system'],
  'packages/launch': ['@lstm-gan/system'],
  'apps/coordinator': [
    '@lstm-gan/command-line',
    '@lstm-gan/core',
    '@lstm-gan/data',
    '@lstm-gan/engine',
    '@lstm-gan/launch',
    '@lstm-gan/run',
    '@lstm-gan/system',
    '@lstm-gan/transport',
  ],
  'packages/command-line': ['@lstm-gan/core', '@lstm-gan/engine', '@lstm-gan/run', '@lstm-gan/system'],
  'apps/worker': [
    '@lstm-gan/command-line',
    '@lstm-gan/core',
    '@lstm-gan/engine',
    '@lstm-gan/run',
    '@lstm-gan/transport',
  ],
  'apps/playground': ['@lstm-gan/core'],
  'apps/cli': [
    '@lstm-gan/command-line',
    '@lstm-gan/core',
    '@lstm-gan/data',
    '@lstm-gan/engine',
    '@lstm-gan/evaluation',
    '@lstm-gan/run',
    '@lstm-gan/system',
    '@lstm-gan/transport',
    '@lstm-gan/coordinator',
    '@lstm-gan/worker',
  ],
};
const bannedWords = ['util', 'utils', 'helper', 'helpers', 'common', 'misc', 'manager', 'handler', 'base', 'service'];

const sourcesOf = (room: string): string[] =>
  readdirSync(path.join(root, room, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => path.join(root, room, 'src', file));

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

interface PackageJson {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

describe.each(Object.entries(allowed))('%s', (room, workspace) => {
  const files = sourcesOf(room);
  const products = files.filter((file) => !file.endsWith('.test.ts') && !file.includes('/testing/'));
  const manifest = JSON.parse(readFileSync(path.join(root, room, 'package.json'), 'utf8')) as PackageJson;

  it('imports only what lies below it', () => {
    const upward = files
      .flatMap(importsOf)
      .filter((specifier) => specifier.startsWith('@lstm-gan/') && !workspace.includes(packageOf(specifier)));
    expect(upward).toEqual([]);
  });

  it('declares what it imports', () => {
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
    const used = products
      .flatMap(importsOf)
      .filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'));
    expect([...new Set(used.map(packageOf))].filter((name) => !declared.includes(name))).toEqual([]);
  });

  it('names files in kebab-case, without empty words such as util', () => {
    const names = files.map((file) => path.basename(file).replace(/(\.test)?\.ts$/, ''));
    expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))).toEqual([]);
    expect(names.filter((name) => name.split('-').some((word) => bannedWords.includes(word)))).toEqual([]);
  });

  it('has no class with an empty name such as Helper', () => {
    const classes = products.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/^(?:export )?class (\w+)/gm)].map(([, name]) => name),
    );
    expect(classes.filter((name) => /(Util|Helper|Manager|Handler|Base|Service)s?$/.test(name))).toEqual([]);
  });
});

it('what the coordinator decides and carries out knows no engine, no launching and no command line', () => {
  const program = ['main.ts', 'program', 'open-run', 'records', 'workers'];
  const source = path.join(root, 'apps/coordinator/src');
  const inner = sourcesOf('apps/coordinator').filter(
    (file) => !program.includes(path.relative(source, file).split(path.sep)[0]),
  );
  expect(inner.length).toBeGreaterThan(20);
  const banned = ['@lstm-gan/engine', '@lstm-gan/launch', '@lstm-gan/command-line', 'commander'];
  expect(inner.filter((file) => importsOf(file).some((name) => banned.includes(packageOf(name))))).toEqual([]);
});

it('core uses nothing of Node', () => {
  const used = sourcesOf('packages/core')
    .filter((file) => !file.endsWith('.test.ts'))
    .flatMap(importsOf)
    .map((specifier) => specifier.replace(/^node:/, ''));
  expect(used.filter((specifier) => builtinModules.includes(specifier))).toEqual([]);
  const names = sourcesOf('packages/core').filter(
    (file) => !file.endsWith('.test.ts') && /\b(process|Buffer|__dirname)\b[.(]/.test(readFileSync(file, 'utf8')),
  );
  expect(names).toEqual([]);
});

it('no key is committed', () => {
  const keys = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (file) => !file.includes('node_modules') && /\.(key|pem)$/.test(file),
  );
  expect(keys).toEqual([]);
});

it('has only folders, the workspace and documents at the top level', () => {
  const made = ['node_modules', 'dist', 'runs', 'coverage'];
  const names = readdirSync(root).filter((name) => !name.startsWith('.') && !made.includes(name));
  expect(names.sort()).toEqual([
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    'LICENSE',
    'README.md',
    'apps',
    'docs',
    'examples',
    'nx.json',
    'package-lock.json',
    'package.json',
    'packages',
    'test',
    'tools',
    'tsconfig.base.json',
  ]);
});
