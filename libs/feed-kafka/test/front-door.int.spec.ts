import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

// kafkajs is CommonJS: what a test runner finds among its names, Node itself may not.
it('loads as a service loads it', async () => {
  const script = "const { kafkaClient } = await import('@tillid/feed-kafka'); console.log(typeof kafkaClient)";
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], { cwd: join(import.meta.dirname, '../../..') });
  expect(stdout).toBe('function\n');
});
