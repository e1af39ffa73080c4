import { setTimeout as pauseFor } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import { CouldNotLook } from '../could-not-look.js';
import { openLog } from '../log/open-log.js';
import { dataOption, logArgument, tlsOption, vkeyOption } from '../options.js';
import { readPolicy } from '../read-policy.js';
import { asJson, asText, finish, print } from '../results.js';
import { readState, saveState } from '../saved-state.js';
import { lookAt } from '../verify/verify.js';
import { Monitor, type Look } from './monitor.js';

interface Options {
  readonly vkey?: string;
  readonly entries?: boolean;
  readonly state?: string;
  readonly policy?: string;
  readonly interval: number;
  readonly patience: number;
  readonly stale: number;
  readonly again: number;
  readonly once?: boolean;
  readonly data: string;
  readonly tls?: string;
  readonly json?: boolean;
}

export function watchCommand(): Command {
  return new Command('watch')
    .description('follows a log: that it only grows, every new tile, and what its witnesses saw; ends with 1 at the first thing wrong')
    .addArgument(logArgument())
    .addOption(vkeyOption())
    .option('--entries', 'every entry too, from the first on: as its source signed it (needs a certificate)')
    .option('--state <file>', 'the checkpoint seen last, kept here: what lies before it is not looked at again')
    .option('--policy <file>', 'witnesses to ask what they saw; their quorum must have seen the log (c2sp.org/tlog-policy)')
    .option('--interval <seconds>', 'from one look to the next', seconds, 10)
    .option('--patience <seconds>', 'how long a tree may go unseen by the quorum', seconds, 60)
    .option('--stale <seconds>', "how old the quorum's word for what is shown may be; the log has it renewed every minute", seconds, 600)
    .option('--again <tiles>', 'tiles seen before that each look reads again, in turn', tiles, 16)
    .option('--once', 'look once')
    .addOption(dataOption())
    .addOption(tlsOption())
    .option('--json', 'one JSON object a look')
    .addHelpText('after', '\nExample:\n  $ tillid-auditor watch https://log.example --vkey log.vkey --policy policy --state seen.checkpoint')
    .action(async (log: string | undefined, options: Options) => {
      const policy = options.policy === undefined ? undefined : readPolicy(options.policy);
      const opened = await openLog({ log, vkey: options.vkey, data: options.data, tls: options.tls, entries: options.entries ?? false });
      const leaving = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => leaving.abort());
      try {
        const previousCheckpoint = options.state === undefined ? undefined : (await readState(options.state))?.text;
        const monitor = await lookAt(() => Monitor.open(opened, { entries: options.entries ?? false, previousCheckpoint, policy, patienceMs: options.patience * 1000, staleAfterMs: options.stale * 1000, tilesAgain: options.again }));
        await follow(monitor, options, leaving.signal);
      } finally {
        opened.close();
      }
    });
}

async function follow(monitor: Monitor, { once, state, interval, json }: Options, leaving: AbortSignal): Promise<void> {
  while (!leaving.aborted) {
    try {
      const look = await lookAt(() => monitor.look());
      finish(look.holds);
      if (look.holds && state !== undefined) await saveState(state, look.checkpoint!);
      await print(json ? asJson({ at: new Date().toISOString(), ...look }) : lookText(look));
      if (!look.holds || once) return;
    } catch (error) {
      // A log that does not answer is not wrong; one that is watched is looked at again.
      if (!(error instanceof CouldNotLook) || once) throw error;
      process.exitCode = 2;
      process.stderr.write(`tillid-auditor: could not look: ${error.message}\n`);
    }
    await pauseFor(interval * 1000, undefined, { signal: leaving }).catch(() => undefined);
  }
}

function lookText(look: Look): string {
  const at = new Date().toISOString();
  const silent = look.witnesses.filter((witness) => witness.silent !== undefined).map((witness) => `${at}  witness ${witness.name}: ${witness.silent}`);
  if (look.holds) return asText([...silent, `${at}  ${look.size} leaves (+${look.newLeaves}), ${look.tilesChecked} tiles (and ${look.tilesCheckedAgain} again) and ${look.entriesChecked} entries looked at, root ${Buffer.from(look.root!).toString('base64')}: HOLDS`]);
  return asText([
    ...silent,
    `${at}  WRONG`,
    ...look.alarms.flatMap(({ code, where, detail, evidence = [] }) => [`  ${code}  ${where}  ${detail}`, ...evidence.flatMap((note) => ['  signed:', ...note.trimEnd().split('\n').map((line) => `    ${line}`)])]),
  ]);
}

function seconds(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value > 86_400) throw new InvalidArgumentError('seconds, a day at most');
  return value;
}

function tiles(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 65_536) throw new InvalidArgumentError('tiles, 65,536 at most');
  return value;
}
