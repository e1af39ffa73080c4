import { Command } from 'commander';
import type { Running } from '../installation/running.js';
import { inSeconds, phasesTo } from '../up/phases.js';
import { up } from '../up/up.js';
import { dataOption, folderOf, portBaseOption } from './options.js';

export function upCommand(): Command {
  return new Command('up')
    .description('start everything on this machine, watch it, stop it on Ctrl-C')
    .addOption(dataOption())
    .addOption(portBaseOption())
    .option('--json', 'print running.json on one line instead of the table')
    .addHelpText('after', '\nExample:\n  $ tillid up --data /tmp/tillid --port-base 7500')
    .action(async (options: { data: string; portBase?: number; json?: boolean }) => {
      const stop = new AbortController();
      const stopAsked = signalled().then(() => stop.abort());
      const write = options.json ? (text: string) => process.stderr.write(text) : (text: string) => process.stdout.write(text);
      const phases = phasesTo(write);
      const data = folderOf(options.data);
      phases.line(`Tillid on ${data.path}`);
      const system = await up(data, options.portBase, phases, stop.signal);
      if (system) {
        if (options.json) process.stdout.write(`${JSON.stringify({ msg: 'ready', ...system.running })}\n`);
        else write(`${addressTable(system.running)}\nready in ${inSeconds(phases.sinceStartMs()).trim()}. Ctrl-C stops everything.\n`);
        await stopAsked;
        process.once('SIGINT', () => {
          system.kill();
          process.exit(1);
        });
        await phases.phase('stopped', () => system.stop());
      }
    });
}

function signalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
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
