import { Command } from 'commander';
import { openLogWithEntries } from '../entries/replayed-entries.js';
import { dataOption, logArgument, tlsOption, vkeyOption, waitOption } from '../options.js';
import { progressBar } from '../progress-bar.js';
import { asJson, finish, print } from '../results.js';
import { findRunningSystem } from '../running-system.js';
import { readState, saveState } from '../saved-state.js';
import { compare } from './compare.js';
import { comparisonText } from './comparison-text.js';
import { keptText, parseKept } from './kept-heads.js';
import { runningServices } from './running-services.js';

interface Options {
  readonly vkey?: string;
  readonly wait: number;
  readonly data: string;
  readonly tls?: string;
  readonly state?: string;
  readonly json?: boolean;
}

export function compareCommand(): Command {
  return new Command('compare')
    .description('the log against what each service itself has: same bytes, same order, nothing missing on either side')
    .addArgument(logArgument())
    .addOption(vkeyOption())
    .addOption(waitOption())
    .option('--state <file>', 'what each source had signed when this last held, kept here: who rewrites it since is proven')
    .addOption(dataOption())
    .addOption(tlsOption())
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  $ tillid-auditor compare --state seen.heads --json')
    .action(async (log: string | undefined, options: Options) => {
      const services = runningServices(findRunningSystem(options.data, options.tls), options.wait * 1_000);
      const bar = progressBar('compare');
      try {
        const open = () => openLogWithEntries({ log, vkey: options.vkey, data: options.data, tls: options.tls });
        const previous = options.state === undefined ? undefined : await readState(options.state);
        const kept = previous && { ...parseKept(previous.text), ageMs: Date.now() - previous.savedAtMs };
        const { keep, ...comparison } = await compare(services.services, open, services.reached, { kept, onProgress: bar.at });
        // What is wrong never becomes what the next run compares with.
        if (keep && options.state !== undefined) await saveState(options.state, keptText(keep));
        bar.end();
        finish(comparison.holds);
        await print(options.json ? asJson(comparison) : comparisonText(comparison));
      } finally {
        bar.end();
        services.close();
      }
    });
}
