import { once } from 'node:events';
import { Command } from 'commander';
import type { Running } from '../installation/running.js';
import { inSeconds, phasesTo } from '../up/phases.js';
import { up, type UpSystem } from '../up/up.js';
import { dataOption, folderOf, portBaseOption } from './options.js';

const sameKeyPressMs = 1000;

export function upCommand(): Command {
  return new Command('up')
    .description('start everything on this machine, watch it, stop it on Ctrl-C')
    .addOption(dataOption())
    .addOption(portBaseOption())
    .option('--cluster', 'two replicas of each service on MongoDB and Kafka (from the environment, Docker, or jars through Maven)')
    .option('--kafka', 'one of each on files, as without it, but their events go over Kafka')
    .option('--json', 'print running.json on one line instead of the table')
    .addHelpText('after', '\nExample:\n  $ tillid up --data /tmp/tillid --port-base 7500')
    .action(async (options: { data: string; portBase?: number; cluster?: boolean; kafka?: boolean; json?: boolean }) => {
      const stop = new AbortController();
      let system: UpSystem | undefined;
      onInterrupt(
        () => stop.abort(),
        () => {
          system?.kill();
          process.exit(1);
        },
      );
      const write = options.json ? (text: string) => process.stderr.write(text) : (text: string) => process.stdout.write(text);
      const phases = phasesTo(write);
      const data = folderOf(options.data);
      phases.line(`Tillid on ${data.path}`);
      const started = await up(data, { portBase: options.portBase, shape: options.cluster ? 'cluster' : options.kafka ? 'kafka' : 'alone' }, phases, stop.signal);
      if (!started) return;
      system = started;
      if (options.json) process.stdout.write(`${JSON.stringify({ msg: 'ready', ...started.running })}\n`);
      else write(`${addressTable(started.running)}\nready in ${inSeconds(phases.sinceStartMs()).trim()}. Ctrl-C stops everything.\n`);
      if (!stop.signal.aborted) await once(stop.signal, 'abort');
      await phases.phase('stopped', () => started.stop());
    });
}

/**
 * Under `npm start` one Ctrl-C comes several times: from the terminal, and forwarded by npm and by tools/setup.mjs. Only what
 * comes a second later is a second Ctrl-C, of someone who will not wait for the services to stop in good order.
 */
function onInterrupt(first: () => void, second: () => void): void {
  let firstAtMs: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (firstAtMs === undefined) {
        firstAtMs = performance.now();
        first();
      } else if (signal === 'SIGINT' && performance.now() - firstAtMs > sameKeyPressMs) second();
    });
  }
}

function addressTable(running: Running): string {
  const rows = [
    ...Object.entries(running.grpc).map(([name, address]) => [name, `grpc, mTLS   ${address}`]),
    ['log', `public       ${running.logUrl}/checkpoint`],
    ['log', `auditors     ${running.logHttpsUrl}/checkpoint`],
    ['log key', running.vkeyFile],
    ['token keys', running.jwksUrl],
    ['callers', running.callers],
  ];
  return `\n${rows.map(([what, where]) => `  ${what!.padEnd(16)} ${where}`).join('\n')}\n`;
}
