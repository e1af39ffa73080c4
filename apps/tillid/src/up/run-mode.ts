import { spawn } from 'node:child_process';
import { CommandFailure } from '../installation/failure.js';
import type { ServiceCommand } from './service-process.js';

/** `node main.js <mode> ...` of a service: what it does and ends. Answers with what it said last. Refused with its last words when it does not end well. */
export async function runMode({ name, arguments: program, environment }: Omit<ServiceCommand, 'log'>, mode: readonly string[], couldNot: string): Promise<string> {
  const lastWords: string[] = [];
  const child = spawn(process.execPath, [...program, ...mode], { env: environment, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk: Buffer) => lastWords.push(chunk.toString('utf8')));
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('exit', resolve));
  const said = lastWords.join('').trimEnd();
  if (code === 0) return said.slice(said.lastIndexOf('\n') + 1);
  throw new CommandFailure(`${name} could not be ${couldNot}:\n${said}`, 1);
}
