import { Command, InvalidArgumentError } from 'commander';
import { openLogWithEntries } from '../entries/replayed-entries.js';
import { dataOption, logArgument, tlsOption, vkeyOption } from '../options.js';
import { asJson, asText, finish, print } from '../results.js';
import { replay, type ReplayResult } from './replay.js';

interface Options {
  readonly vkey?: string;
  readonly from: number;
  readonly data: string;
  readonly tls?: string;
  readonly json?: boolean;
}

export function replayCommand(): Command {
  return new Command('replay')
    .description('every entry in order, one JSON object a line, each checked before it is printed; the verdict goes to stderr')
    .addArgument(logArgument())
    .addOption(vkeyOption())
    .option('--from <leaf>', 'print from this leaf on; what comes before is checked all the same', leafIndex, 0)
    .addOption(dataOption())
    .addOption(tlsOption())
    .option('--json', 'the verdict as JSON too')
    .addHelpText('after', '\nExample:\n  $ tillid-auditor replay | jq -c \'select(.clientId == "fjordbanken") | [.leafIndex, .type]\'')
    .action(async (log: string | undefined, options: Options) => {
      const opened = await openLogWithEntries({ log, vkey: options.vkey, data: options.data, tls: options.tls });
      try {
        const result = await replay(opened, print, options.from);
        finish(result.holds);
        process.stderr.write(options.json ? asJson(result) : resultText(result));
      } finally {
        opened.close();
      }
    });
}

function resultText({ holds, printed, log, record }: ReplayResult): string {
  return asText([
    `${printed} of ${log.head?.size ?? 0} entries printed; ${holds ? 'HOLDS' : 'WRONG'}`,
    ...log.findings.map(({ code, path, detail }) => `  ${code}  ${path}  ${detail}`),
    ...record.findings.map(({ code, source, position, message }) => `  ${code}  ${source}@${position}  ${message}`),
  ]);
}

function leafIndex(text: string): number {
  const leaf = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(leaf)) throw new InvalidArgumentError('a leaf index');
  return leaf;
}
