import { Command } from 'commander';
import { systemClock } from '@tillid/runtime';
import { openInstallation } from '../installation/installation.js';
import { takeLock } from '../installation/lock.js';
import { CommandFailure } from '../installation/failure.js';
import { prepareInstallation } from '../installation/prepare.js';
import { dataOption, folderOf, portBaseOption } from './options.js';

export function certificatesCommand(): Command {
  return new Command('certificates')
    .description('the authority, a certificate for every service and for the broker, and the keys that seal secrets: for whoever starts the services themselves')
    .addOption(dataOption())
    .addOption(portBaseOption())
    .addHelpText('after', '\nAgain: renews what is due, leaves the rest.\n\nExample:\n  $ tillid certificates --data .tillid/compose && docker compose up')
    .action(async (options: { data: string; portBase?: number }) => {
      const data = folderOf(options.data);
      const lock = takeLock(data.lock);
      if (!lock) throw new CommandFailure(`a \`tillid up\` is running on ${data.path}, and looks after its certificates itself`, 1);
      try {
        const installation = await openInstallation(data, options.portBase, 'database');
        await prepareInstallation(data, installation, systemClock.nowMs());
        process.stdout.write(`certificates for ${installation.origin} in ${data.path}\n`);
      } finally {
        lock.release();
      }
    });
}
