import { spawn } from 'node:child_process';
import { CommandFailure } from '../installation/failure.js';
import type { ServiceCommand } from './service-process.js';

/** `node main.js <mode> ...` of a service: what it does and ends. Refused with its last words when it does not end well. */
export async function runMode({ name, arguments: program, environment }: Omit<ServiceCommand, 'log'>, mode: readonly string[], couldNot: string): Promise<void> {
  const lastWords: string[] = [];
  const child = spawn(process.execPath, [...program, ...mode], { env: environment, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk: Buffer) => lastWords.push(chunk.toString('utf8')));
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('exit', resolve));
  if (code !== 0) throw new CommandFailure(`${name} could not be ${couldNot}:\n${lastWords.join('').trimEnd()}`, 1);
}
