/**
 * Loads the file of `--model`: networks that a user has written. A run belongs to the file's code, so the code must be
 * in the file as a whole, and the hash of the file must cover it: the file is read once, hashed, and run as it was
 * read. It may import only this program's own copies of `@lstm-gan/core` and of tfjs, so a process has one copy of each,
 * wherever the file lies.
 */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { namesIn, registerNetworks, type CustomNetworks } from '@lstm-gan/core';
import { UserError } from '@lstm-gan/core/errors';
import { adviceOf, reasonOf } from '@lstm-gan/system';
import { init, parse } from 'es-module-lexer';

/** A file of networks that this process has registered. */
export interface ModelFile {
  /** Absolute. */
  readonly path: string;
  /** SHA-256 of the file's bytes, hexadecimal. */
  readonly sha256: string;
  /** The names of the networks that the file defines. */
  readonly names: { readonly generator: readonly string[]; readonly discriminator: readonly string[] };
}

const mostBytes = 1024 * 1024;

/**
 * Runs a file of networks and registers them under the file's hash. Throws a UserError if the file cannot be read,
 * imports anything else than `@lstm-gan/core` and `@tensorflow/tfjs-core`, throws, or defines no networks.
 * @param check called with the file's hash before the file is run; may throw
 */
export async function loadModelFile(
  file: string,
  check: (sha256: string) => void = () => undefined,
): Promise<ModelFile> {
  const bytes = await readBounded(file);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  check(sha256);
  const code = await withOwnImports(file, bytes.toString('utf8'));
  const networks = await run(file, code);
  try {
    registerNetworks(sha256, networks);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw refuse(file, error.message.replace(/^This/, 'it'), error.advice, error);
  }
  const names = { generator: namesIn(networks, 'generator'), discriminator: namesIn(networks, 'discriminator') };
  return { path: path.resolve(file), sha256, names };
}

async function readBounded(file: string): Promise<Buffer> {
  const advice = 'Give the path of a JavaScript module that defines networks; docs/own-network.md shows one.';
  const unreadable = (cause: unknown): never => {
    throw refuse(file, `it cannot be read: ${reasonOf(cause)}`, adviceOf(cause, advice), cause);
  };
  const handle = await open(file).catch(unreadable);
  try {
    if (!(await handle.stat()).isFile()) throw refuse(file, 'it is not a file', advice);
    const bytes = Buffer.alloc(mostBytes + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length).catch(unreadable);
      length += bytesRead;
      if (length > mostBytes) throw refuse(file, `it is larger than ${mostBytes} bytes`, advice);
      if (bytesRead === 0) return bytes.subarray(0, length);
    }
  } finally {
    await handle.close();
  }
}

/** The code of a file, with the URLs of this program's own modules in its imports. Lines stay where they are. */
async function withOwnImports(file: string, code: string): Promise<string> {
  await init;
  let imports: ReturnType<typeof parse>[0];
  try {
    [imports] = parse(code, file);
  } catch (cause) {
    throw notJavaScript(file, (cause as Error).message, cause);
  }
  let result = '';
  let done = 0;
  for (const { n: name, s: start, e: end, d: kind } of imports) {
    const isMeta = kind === -2;
    if (isMeta) continue;
    if (kind !== -1 || name === undefined)
      throw refuse(file, 'it imports while it runs, with import(...)', adviceForImports);
    result += code.slice(done, start) + urlOf(file, name);
    done = end;
  }
  return result + code.slice(done);
}

const adviceForImports =
  'Import only from @lstm-gan/core/... and @tensorflow/tfjs-core, and put everything else into the file: its hash must cover all code of the networks.';

function urlOf(file: string, name: string): string {
  // core and the programs import tfjs as Node resolves it from core.
  const core = import.meta.resolve('@lstm-gan/core');
  if (name === '@tensorflow/tfjs-core') return pathToFileURL(createRequire(fileURLToPath(core)).resolve(name)).href;
  if (!/^@lstm-gan\/core(\/|$)/.test(name)) throw refuse(file, `it imports ${name}`, adviceForImports);
  try {
    return import.meta.resolve(name);
  } catch (cause) {
    throw refuse(file, `it imports ${name}, which there is not`, 'See packages/core/package.json (exports).', cause);
  }
}

async function run(file: string, code: string): Promise<CustomNetworks> {
  // With this comment, stack traces name the file and not the code.
  const named = `${code}\n//# sourceURL=${pathToFileURL(file).href}\n`;
  try {
    return (await import(`data:text/javascript;base64,${Buffer.from(named).toString('base64')}`)) as CustomNetworks;
  } catch (cause) {
    if (cause instanceof SyntaxError) throw notJavaScript(file, cause.message, cause);
    const line = /:(\d+):\d+\)?$/m.exec(cause instanceof Error ? (cause.stack ?? '') : '')?.[1];
    throw refuse(
      file,
      `it throws ${String(cause)}${line === undefined ? '' : ` in line ${line}`}`,
      'Correct it.',
      cause,
    );
  }
}

function notJavaScript(file: string, what: string, cause: unknown): UserError {
  return refuse(file, `it is no JavaScript module: ${what}`, `node --check ${file} may tell where.`, cause);
}

function refuse(file: string, what: string, advice: string, cause?: unknown): UserError {
  return new UserError({
    code: 'model-file',
    message: `The model file ${file} cannot be used: ${what.replace(/\.$/, '')}.`,
    advice,
    cause,
  });
}
