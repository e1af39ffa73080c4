import { Command } from 'commander';
import { readRunning } from '../installation/running.js';
import { isWell, readStatus } from '../system/status.js';
import { statusText } from '../system/status-text.js';
import { dataOption, folderOf } from './options.js';

export function statusCommand(): Command {
  return new Command('status')
    .description('addresses, heads, lags, gaps and parked sources of the running system')
    .addOption(dataOption())
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExit codes: 0 all well, 1 something is parked, missing or silent, 2 nothing is running.\n\nExample:\n  $ tillid status --json')
    .action(async (options: { data: string; json?: boolean }) => {
      const data = folderOf(options.data);
      const status = await readStatus(data, await readRunning(data));
      process.stdout.write(options.json ? `${JSON.stringify(status)}\n` : statusText(status));
      process.exitCode = isWell(status) ? 0 : 1;
    });
}
