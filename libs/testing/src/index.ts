export * from './commits.js';
export * from './engines.js';
export * from './event-store-contract.js';
export * from './faulty-event-store.js';
export * from './feed-contract.js';
export * from './made.js';
export * from './read-model-store-contract.js';
export * from './small-store-contracts.js';
