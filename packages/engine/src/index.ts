export type { CompiledUnit, Engine, EngineDescription, EngineName, EngineOptions } from './engine.ts';
