import { Command } from 'commander';
import { openLog } from '../log/open-log.js';
import { dataOption, logArgument, tlsOption, vkeyOption } from '../options.js';
import { progressBar } from '../progress-bar.js';
import { asJson, finish, print } from '../results.js';
import { readState, saveState } from '../saved-state.js';
import { verdictText } from './verdict-text.js';
import { verify } from './verify.js';

interface Options {
  readonly vkey?: string;
  readonly entries?: boolean;
  readonly state?: string;
  readonly data: string;
  readonly tls?: string;
  readonly json?: boolean;
}

export function verifyCommand(): Command {
  return new Command('verify')
    .description('every hash and signature of a log; nothing of it is believed but its key')
    .addArgument(logArgument())
    .addOption(vkeyOption())
    .option('--entries', 'read every entry too: against its leaf, and as its source signed it')
    .option('--state <file>', 'the checkpoint seen last, kept here: the log may only have grown')
    .addOption(dataOption())
    .addOption(tlsOption())
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  $ tillid-auditor verify https://log.example --vkey log.vkey --tls auditor/ --entries --state seen.checkpoint')
    .action(async (log: string | undefined, options: Options) => {
      const opened = await openLog({ log, vkey: options.vkey, data: options.data, tls: options.tls, entries: options.entries ?? false });
      const bar = progressBar('verify');
      try {
        const previous = options.state === undefined ? undefined : await readState(options.state);
        const verdict = await verify(opened, { entries: options.entries ?? false, previousCheckpoint: previous?.text, previousAgeMs: previous && Date.now() - previous.savedAtMs, onProgress: bar.at });
        // What is wrong never becomes what the next run compares with.
        if (verdict.holds && options.state !== undefined) await saveState(options.state, verdict.log.kept!);
        bar.end();
        finish(verdict.holds);
        await print(options.json ? asJson(verdict) : verdictText(verdict, previous === undefined ? 'nothing' : 'state'));
      } finally {
        bar.end();
        opened.close();
      }
    });
}
