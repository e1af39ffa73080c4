export * from './credentials.js';
export * from './google-rpc-status.js';
export * from './refusal-status.js';
export * from './rpc-client.js';
export * from './rpc-definition.js';
export * from './citizen-keys.js';
export * from './feed-reader.js';
export * from './positions.js';
