/**
 * The configuration of a run: its fields with their descriptions, and its checks.
 *
 * @module config
 * @category What lstm-gan itself uses
 */
export { checkRunConfig, imagesPerStep } from './check-run-config.ts';
export {
  allFields,
  configField,
  expectationOf,
  fieldAt,
  fieldsBelow,
  isMapping,
  variantsOf,
  type Field,
} from './config-fields.ts';
export { runConfigSchema, type RunConfig } from './run-config-schema.ts';
