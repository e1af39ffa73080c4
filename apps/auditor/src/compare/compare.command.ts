import { Command } from 'commander';
import { openLogWithEntries } from '../entries/replayed-entries.js';
import { dataOption, logArgument, tlsOption, vkeyOption, waitOption } from '../options.js';
import { progressBar } from '../progress-bar.js';
import { asJson, asText, finish, print } from '../results.js';
import { findRunningSystem } from '../running-system.js';
import { compare, type Comparison } from './compare.js';
import { runningServices } from './running-services.js';

interface Options {
  readonly vkey?: string;
  readonly wait: number;
  readonly data: string;
  readonly tls?: string;
  readonly json?: boolean;
}

export function compareCommand(): Command {
  return new Command('compare')
    .description('the log against what each service itself has: same bytes, same order, nothing missing on either side')
    .addArgument(logArgument())
    .addOption(vkeyOption())
    .addOption(waitOption())
    .addOption(dataOption())
    .addOption(tlsOption())
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  $ tillid-auditor compare --json')
    .action(async (log: string | undefined, options: Options) => {
      const services = runningServices(findRunningSystem(options.data, options.tls), options.wait * 1_000);
      const bar = progressBar('compare');
      try {
        const open = () => openLogWithEntries({ log, vkey: options.vkey, data: options.data, tls: options.tls });
        const comparison = await compare(services.services, open, services.reached, bar.at);
        bar.end();
        finish(comparison.holds);
        await print(options.json ? asJson(comparison) : comparisonText(comparison));
      } finally {
        bar.end();
        services.close();
      }
    });
}

function comparisonText({ holds, sources, differences, log, record }: Comparison): string {
  const lines = [
    `log      ${log.head?.size ?? 0} entries, each against its leaf and its source`,
    ...sources.map(({ source, headPosition, sameEntries }) => `source   ${source}: ${sameEntries} entries the same, head was ${headPosition}`),
    holds ? 'HOLDS' : `WRONG: ${differences.length + log.findingCount + record.findingCount} found`,
    ...differences.map(({ code, source, position, message }) => `  ${code}  ${source}@${position}  ${message}`),
    ...log.findings.map(({ code, path, detail }) => `  ${code}  ${path}  ${detail}`),
    ...record.findings.map(({ code, source, position, message }) => `  ${code}  ${source}@${position}  ${message}`),
  ];
  return asText(lines);
}
