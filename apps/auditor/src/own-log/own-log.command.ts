import { readFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { checkOwnLogCopy, ownLogFindings, type OwnLogVerdict } from '@tillid/eventsourcing';
import { CouldNotLook } from '../could-not-look.js';
import { keysByProofs } from '../log/follow-keys.js';
import { readVkey } from '../log/open-log.js';
import { asJson, asText, finish, print } from '../results.js';
import { parseOwnLog } from './own-log-file.js';

export function ownLogCommand(): Command {
  return new Command('own-log')
    .description("a citizen's (or relying service's) copy of their own log: that it is all there was, and unchanged. Works offline")
    .argument('<file>', 'the copy')
    .addOption(new Option('--vkey <file>', "the log's key").makeOptionMandatory())
    .option('--key-change <file...>', 'how that key was replaced (`key/<id of the old>` in the log), for a copy from after it')
    .option('--earlier <file>', 'a copy kept from before: what it shows must be in this one, unchanged')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  $ tillid-auditor own-log today.json --earlier january.json --vkey log.vkey')
    .action(async (path: string, options: { readonly vkey: string; readonly keyChange?: readonly string[]; readonly earlier?: string; readonly json?: boolean }) => {
      const [keys] = await keysByProofs([readVkey(options.vkey)], options.keyChange ?? []);
      const copy = await readCopy(path);
      const verdict = checkOwnLogCopy(copy, keys!, options.earlier === undefined ? undefined : await readCopy(options.earlier));
      const holds = verdict.findings.length === 0;
      finish(holds);
      await print(options.json ? asJson({ holds, ...verdict }) : textOf(verdict, options.earlier !== undefined));
    });
}

async function readCopy(path: string) {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new CouldNotLook(`${path} cannot be read`, { cause });
  });
  return parseOwnLog(text, path);
}

function textOf({ logs, findings, ledgerPosition, treeSize }: OwnLogVerdict, compared: boolean): string {
  return asText([
    ...logs.map(({ owner, number, committed }) => `log      ${owner}: ${number} lines, ${committed} of them under the committed head`),
    `as of    entry ${ledgerPosition} of the log, in a signed tree of ${treeSize}`,
    `before   ${compared ? 'compared with the earlier copy' : 'compared with nothing: --earlier names a copy kept from before'}`,
    ...findings.map(({ code, owner, number }) => `WRONG    ${code} ${owner}${number > 0 ? ` line ${number}` : ''}: ${ownLogFindings[code]}`),
    findings.length === 0 ? 'HOLDS' : 'DOES NOT HOLD',
  ]);
}
