export { createEnginePool, type EnginePoolOptions } from './engine-pool.ts'
export { createInlineEngine } from './inline-engine.ts'
export * from './types.ts'
