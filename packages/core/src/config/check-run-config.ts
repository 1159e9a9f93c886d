import type * as z from 'zod/mini';
import { nearestName } from '../errors/nearest-name.ts';
import { UserError } from '../errors/user-error.ts';
import { checkModelConfig } from '../model/check-model-config.ts';
import { expectationOf, fieldAt, fieldsBelow, isMapping, type Field } from './config-fields.ts';
import { runConfigSchema, type RunConfig } from './run-config-schema.ts';

/** Checks a configuration from outside. Throws a UserError that names the first field that is wrong. */
export function checkRunConfig(value: unknown): RunConfig {
  const parsed = runConfigSchema.safeParse(withoutThreads(value));
  if (!parsed.success) throw explain(parsed.error.issues[0], value);
  const config = parsed.data;
  checkModelConfig(config.model);
  if (config.batchSize % config.shardSize !== 0) {
    const better = Math.max(1, Math.round(config.batchSize / config.shardSize)) * config.shardSize;
    throw new UserError({
      code: 'batch-not-divisible',
      message: `A batch of ${config.batchSize} images cannot be cut into shards of ${config.shardSize}.`,
      advice: `Set batchSize to ${better} (--batch-size ${better}), or shardSize to a number that divides ${config.batchSize}.`,
    });
  }
  const { discriminator } = config.model;
  const groupSize = (discriminator.kind !== 'custom' && discriminator.minibatchDeviation) || 1;
  if (config.shardSize % groupSize !== 0) {
    throw new UserError({
      code: 'config',
      message: `A shard of ${config.shardSize} images cannot be divided into groups of ${groupSize}.`,
      advice: 'Set model.discriminator.minibatchDeviation to a number that divides shardSize.',
    });
  }
  checkClasses(config);
  return config;
}

/** The number of images of the data that a step reads: one batch for each discriminator phase. */
export function imagesPerStep({
  batchSize,
  discriminatorSteps,
}: Pick<RunConfig, 'batchSize' | 'discriminatorSteps'>): number {
  return batchSize * discriminatorSteps;
}

function checkClasses({ classes, model }: RunConfig): void {
  const expected = model.condition?.classes;
  if (classes === undefined || expected === undefined || classes.length === expected) return;
  throw new UserError({
    code: 'config',
    message: `The configuration lists ${classes.length} classes, and model.condition.classes is ${expected}.`,
    advice: 'Leave both out: a new run takes them from its data.',
  });
}

/** Older runs wrote the number of threads into their configuration. Now it is an option of workers. */
function withoutThreads(value: unknown): unknown {
  if (!isMapping(value)) return value;
  const { threads: _, ...others } = value;
  return others;
}

/** Whether the schema says in words what it expects, because the type of the field does not say it. */
const hasOwnMessage = ({ code }: z.core.$ZodIssue): boolean => code === 'custom' || code === 'invalid_format';

/** An error that names the field, its value, and what is allowed. */
function explain(issue: z.core.$ZodIssue, config: unknown): UserError {
  const keys = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const path = [...issue.path, ...keys].join('.');
  const got = issue.path.reduce<unknown>(
    (value, key) =>
      isMapping(value) || Array.isArray(value) ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    config,
  );
  const field = fieldAt(issue.path, config);
  const kind = isMapping(got) ? got['kind'] : undefined;
  const unknown = `${path} is no field${kind === undefined ? '' : ` of kind ${String(kind)}`}`;
  const allowed = field === undefined || hasOwnMessage(issue) ? issue.message : expectationOf(field);
  const found = got === undefined ? 'and is missing' : `not ${JSON.stringify(got)?.slice(0, 80)}`;
  const what = keys.length > 0 ? unknown : `${path || 'It'} is to be ${allowed}, ${found}`;
  return new UserError({
    code: 'config',
    message: `The configuration does not hold: ${what}.`,
    advice:
      keys.length > 0 ? adviseName(keys[0], field, got) : 'Correct the field; docs/config.md tells what each may be.',
  });
}

/** Names the field that a misspelt one stands for, or all that there are beside it. */
function adviseName(given: string, field: Field | undefined, value: unknown): string {
  const names = field === undefined ? [] : [...fieldsBelow(field, value).keys()];
  const nearest = nearestName(given, names);
  return nearest === undefined ? `The fields here are ${names.join(', ')}.` : `Did you mean ${nearest}?`;
}
