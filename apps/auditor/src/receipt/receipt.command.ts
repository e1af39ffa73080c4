import { readFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { leafHash } from '@tillid/transparency';
import { CouldNotLook } from '../could-not-look.js';
import { keysByProofs } from '../log/follow-keys.js';
import { readPolicy } from '../read-policy.js';
import { asJson, asText, finish, print } from '../results.js';
import { checkedReceipt, type ReceiptVerdict } from './receipt.js';

interface Options {
  readonly entry?: string;
  readonly leafHash?: string;
  readonly policy: string;
  readonly keyChange?: readonly string[];
  readonly json?: boolean;
}

export function receiptCommand(): Command {
  return new Command('receipt')
    .description('a receipt (.tlog-proof) against its entry and a policy; asks nobody')
    .argument('<file>', 'the receipt')
    .addOption(new Option('--entry <file>', 'the bytes of the event, as they came with the receipt').conflicts('leafHash'))
    .option('--leaf-hash <hex>', 'instead of the entry, where only its hash came: a provider of data, of a share it was told yes to')
    .requiredOption('--policy <file>', 'which logs and witnesses you trust (c2sp.org/tlog-policy)')
    .option('--key-change <file...>', 'how a key of the policy was replaced (`key/<id of the old>` in the log), for receipts from after it')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  $ tillid-auditor receipt share.tlog-proof --entry share.event --policy policy')
    .action(async (file: string, options: Options) => {
      const policy = readPolicy(options.policy);
      const keys = await keysByProofs(policy.logs.map(({ key }) => key), options.keyChange ?? []);
      const verdict = checkedReceipt(await readGiven(file), await leafOf(options), policy, keys);
      finish(verdict.holds);
      await print(options.json ? asJson(verdict) : receiptText(verdict));
    });
}

async function leafOf({ entry, leafHash: hex }: Options): Promise<Uint8Array> {
  if (entry !== undefined) return leafHash(await readGiven(entry));
  if (hex === undefined || !/^[0-9a-f]{64}$/i.test(hex)) throw new CouldNotLook('the entry, or its leaf hash (64 hexadecimal digits), has to be named');
  return Buffer.from(hex, 'hex');
}

async function readGiven(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new CouldNotLook(`${path} cannot be read`, { cause: error });
  }
}

function receiptText(verdict: ReceiptVerdict): string {
  if (!verdict.holds) return asText([`WRONG: ${verdict.wrong}`]);
  const { origin, leafIndex, size, witnesses = [] } = verdict;
  return asText([
    `entry    leaf ${leafIndex} of ${origin}, in its tree of ${size}`,
    ...witnesses.map(({ witness, at }) => `witness  ${witness} at ${at}`),
    ...(witnesses.length === 0 ? ['witness  none: the policy asks for none, so this is the operator\'s word alone'] : []),
    'HOLDS',
  ]);
}
