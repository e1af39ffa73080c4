import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { nationalDay } from '../demo/national-day.js';
import { ownLogText } from '../demo/own-log-copy.js';
import { progressBar } from '../demo/progress-bar.js';
import { reportJson, reportText } from '../demo/report.js';
import { readRunning } from '../installation/running.js';
import { dataOption, folderOf } from './options.js';

const mostCitizens = 10_000;

export function demoCommand(): Command {
  return new Command('demo')
    .description('play a national day against the running system, through its public gRPC only')
    .addOption(dataOption())
    .addOption(new Option('--citizens <number>', 'how many citizens the day has').default(12).argParser((text) => whole(text, 1, mostCitizens)))
    .addOption(new Option('--seed <number>', 'names and numbers of the day; another seed, other people').argParser((text) => whole(text, 0, 2 ** 32 - 1)))
    .option('--keep-going', 'when a service is away, call again with the same key until it is back')
    .option('--one-at-a-time', 'no two citizens act at once: the same seed then plays the same calls in the same order')
    .option('--own-log <file>', "write what a citizen may keep of their own log there, for `tillid-auditor own-log`")
    .option('--json', 'print everything acknowledged, refused, received and expected, on one line')
    .addHelpText('after', '\nExit code 0 only if every expectation held.\n\nExample:\n  $ tillid demo --citizens 50')
    .action(async (options: { data: string; citizens: number; seed?: number; keepGoing?: boolean; oneAtATime?: boolean; ownLog?: string; json?: boolean }) => {
      const data = folderOf(options.data);
      const running = await readRunning(data);
      const bar = progressBar(process.stderr);
      const report = await nationalDay(data, running, {
        citizens: options.citizens,
        seed: options.seed ?? Math.floor(Math.random() * 2 ** 32),
        keepGoing: options.keepGoing ?? false,
        oneAtATime: options.oneAtATime ?? false,
        progress: bar.at,
      }).finally(bar.end);
      if (options.ownLog !== undefined && report.day.ownLog) await writeFile(options.ownLog, ownLogText(report.day.ownLog), { mode: 0o600 });
      else if (options.ownLog !== undefined) process.stderr.write(`${options.ownLog} is not written: the day ended before anybody had read their own log\n`);
      process.stdout.write(`${options.json ? reportJson(report) : reportText(report)}\n`);
      process.exitCode = report.day.expect.held ? 0 : 1;
    });
}

function whole(text: string, least: number, most: number): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < least || number > most) throw new InvalidArgumentError(`a whole number from ${least} to ${most}`);
  return number;
}
