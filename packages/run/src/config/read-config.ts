/** Reads configurations that people write: YAML or JSON files, and `--set` for single fields. Everything is checked. */
import { open } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '@lstm-gan/core/errors';
import { adviceOf, reasonOf } from '@lstm-gan/system';
import { parseDocument } from 'yaml';
import { isMapping } from '@lstm-gan/core/config';
import { createLayer, mergeValues, type ConfigLayer } from './config-layers.ts';

const mostBytes = 64 * 1024;
/**
 * Number of YAML aliases that a file may have: enough to use one optimizer for both networks, and too few for a small
 * file to expand into a very large value.
 */
const mostAliases = 50;

/** Reads a part of a configuration, or a whole one such as a run's config.json. */
export async function readConfigFile(file: string): Promise<ConfigLayer> {
  const text = await readBounded(file);
  const parsed = path.extname(file) === '.json' ? parseJson(file, text) : parseYaml(file, text);
  if (parsed === null) return createLayer(file, {});
  if (!isMapping(parsed))
    throw refuse(
      file,
      'it is not a mapping of keys to values',
      'Write lines like batchSize: 64; docs/config.md names the keys.',
    );
  // Editors find the schema by the key `$schema`; the configuration has no such field.
  const { $schema: _schema, ...values } = parsed;
  return createLayer(file, values);
}

/** Makes one layer of settings `key.path=value`. Values are YAML; a later setting overrides an earlier one. */
export function readSettings(settings: readonly string[]): ConfigLayer {
  const values = settings.reduce<unknown>((below, setting) => {
    const [, key, text] = /^([^=\s]+)=(.*)$/s.exec(setting) ?? [];
    if (key === undefined)
      throw refuse(
        '--set',
        `it takes KEY.PATH=VALUE, got ${setting}`,
        'For example --set optimizer.generator.learningRate=1e-4.',
      );
    const value = parseYaml(`--set ${key}`, text);
    return mergeValues(
      below,
      key.split('.').reduceRight<unknown>((inner, part) => Object.fromEntries([[part, inner]]), value),
    );
  }, {});
  return createLayer('--set', values as Readonly<Record<string, unknown>>);
}

async function readBounded(file: string): Promise<string> {
  const unreadable = (cause: unknown): never => {
    throw new UserError({
      code: 'config-file',
      message: `${file} cannot be read: ${reasonOf(cause)}.`,
      advice: adviceOf(cause, 'Give the path of a YAML or JSON file.'),
      cause,
    });
  };
  const handle = await open(file).catch(unreadable);
  try {
    const bytes = Buffer.alloc(mostBytes + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length).catch(unreadable);
      length += bytesRead;
      if (length > mostBytes)
        throw refuse(
          file,
          `it is larger than ${mostBytes} bytes`,
          'A configuration is a page of text; check the path.',
        );
      if (bytesRead === 0) return bytes.toString('utf8', 0, length);
    }
  } finally {
    await handle.close();
  }
}

function parseJson(source: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw refuse(
      source,
      `it is no JSON: ${(cause as Error).message}`,
      'Correct it, or call it .yaml if it is YAML.',
      cause,
    );
  }
}

/**
 * Parses YAML 1.2 with its core schema: texts, numbers, booleans, null, lists, mappings. No tags or merge keys, few
 * aliases.
 */
function parseYaml(source: string, text: string): unknown {
  try {
    const document = parseDocument(text, {
      schema: 'core',
      strict: true,
      uniqueKeys: true,
      stringKeys: true,
      merge: false,
      logLevel: 'error',
    });
    const [problem] = [...document.errors, ...document.warnings];
    if (problem !== undefined) throw problem;
    return document.toJS({ maxAliasCount: mostAliases });
  } catch (cause) {
    const [reason] = (cause as Error).message.split('\n');
    throw refuse(
      source,
      `it is no plain YAML: ${reason.replace(/[:.]$/, '')}`,
      'Use keys, values, lists and mappings alone.',
      cause,
    );
  }
}

function refuse(source: string, what: string, advice: string, cause?: unknown): UserError {
  return new UserError({ code: 'config-file', message: `${source} cannot be used: ${what}.`, advice, cause });
}
