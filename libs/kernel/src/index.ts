export * from './clock.js';
export * from './refusal.js';
