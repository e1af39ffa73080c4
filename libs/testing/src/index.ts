export * from './commits.js';
export * from './event-store-contract.js';
export * from './faulty-event-store.js';
export * from './in-memory-secrets.js';
export * from './made.js';
export * from './read-model-store-contract.js';
export * from './secrets-contract.js';
export * from './small-store-contracts.js';
