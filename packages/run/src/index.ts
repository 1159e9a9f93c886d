export { runConfigSchema, type RunConfig } from './run-config.ts';
