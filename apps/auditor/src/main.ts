import { Command } from 'commander';
import { exitWhenSaid } from '@tillid/runtime';
import { compareCommand } from './compare/compare.command.js';
import { CouldNotLook } from './could-not-look.js';
import { ownLogCommand } from './own-log/own-log.command.js';
import { rebuildCommand } from './rebuild/rebuild.command.js';
import { replayCommand } from './replay/replay.command.js';
import { receiptCommand } from './receipt/receipt.command.js';
import { reportCommand } from './report/report.command.js';
import { verifyCommand } from './verify/verify.command.js';
import { watchCommand } from './watch/watch.command.js';
import { witnessCommand } from './witness/witness.command.js';

// `tillid-auditor replay | head` ends when head has seen enough. What was not looked at by then is not said to hold.
process.stdout.on('error', () => process.exit(process.exitCode ?? 2));

const program = new Command('tillid-auditor')
  .description('Checks a Tillid log without trusting whoever runs it.\nExit codes: 0 it holds, 1 found something wrong, 2 could not look.')
  .addCommand(verifyCommand())
  .addCommand(replayCommand())
  .addCommand(compareCommand())
  .addCommand(ownLogCommand())
  .addCommand(reportCommand())
  .addCommand(rebuildCommand())
  .addCommand(receiptCommand())
  .addCommand(watchCommand())
  .addCommand(witnessCommand())
  .addHelpText('after', '\nExample:\n  $ tillid-auditor verify --entries      the log of the system running in this checkout')
  .exitOverride();
for (const command of program.commands) command.exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = explain(error);
}
await exitWhenSaid();

/** Whatever is not a verdict is "could not look": 1 is kept for what was found wrong. */
function explain(error: unknown): number {
  if (error instanceof Error && 'exitCode' in error) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof CouldNotLook) {
    const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
    if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ couldNotLook: `${error.message}${cause}` })}\n`);
    process.stderr.write(`tillid-auditor: could not look: ${error.message}${cause}\n`);
    return 2;
  }
  process.stderr.write(`tillid-auditor: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 2;
}
