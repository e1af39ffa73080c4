import { Command, CommanderError } from 'commander';
import { Refused } from '@tillid/kernel';
import { exitWhenSaid } from '@tillid/runtime';
import { backupCommand, restoreCommand } from './commands/backup.command.js';
import { certificatesCommand } from './commands/certificates.command.js';
import { citizenCommand } from './commands/citizen.command.js';
import { clientCommand } from './commands/client.command.js';
import { demoCommand } from './commands/demo.command.js';
import { openOriginCommand } from './commands/open-origin.command.js';
import { statusCommand } from './commands/status.command.js';
import { upCommand } from './commands/up.command.js';
import { CommandFailure } from './installation/failure.js';

const program = new Command('tillid')
  .description('A national digital key whose every use anyone can check.\nExit codes: 0 it holds, 1 found something wrong, 2 could not look.')
  .addCommand(upCommand())
  .addCommand(demoCommand())
  .addCommand(statusCommand())
  .addCommand(clientCommand())
  .addCommand(citizenCommand())
  .addCommand(certificatesCommand())
  .addCommand(backupCommand())
  .addCommand(restoreCommand())
  .addCommand(openOriginCommand())
  .addHelpText('after', '\nExample:\n  $ tillid up            in one terminal\n  $ tillid demo          in another: a national day in small');
leaveExitsToUs(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = explain(error);
}
await exitWhenSaid();

function leaveExitsToUs(command: Command): void {
  command.exitOverride();
  command.commands.forEach(leaveExitsToUs);
}

/** Commander has said itself what was wrong with the words; that nothing was looked at is a 2, as in tillid-auditor. */
function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof CommandFailure) {
    process.stderr.write(`tillid: ${error.message}\n`);
    return error.exitCode;
  }
  if (error instanceof Refused) {
    const fields = (error.details.fields ?? []).map(({ field, description }) => `\n  ${field}: ${description}`).join('');
    process.stderr.write(`tillid: refused: ${error.code}${fields}\n`);
    return 1;
  }
  process.stderr.write(`tillid: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 2;
}
