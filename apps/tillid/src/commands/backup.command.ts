import { Command } from 'commander';
import { backUp } from '../backup/back-up.js';
import { restore } from '../backup/restore.js';
import { dataOption, folderOf } from './options.js';

export function backupCommand(): Command {
  return new Command('backup')
    .description('copy every store of the installation, while it runs, each with its SHA-256; secrets only into a folder of their own')
    .requiredOption('--to <folder>', 'a new or empty folder for the stores')
    .option('--secrets <folder>', 'where the newest copy of the secrets lies: apart from the backups, and replaced by this one')
    .addOption(dataOption())
    .option('--json', 'as JSON')
    .addHelpText('after', '\nNot in it: audit\'s log/ and tree-head.sqlite, which are kept apart as they grow (docs/operations.md).\n\nExample:\n  $ tillid backup --to /backups/2026-11-25 --secrets /safe/tillid')
    .action(async (options: { to: string; secrets?: string; data: string; json?: boolean }) => {
      const backup = await backUp(folderOf(options.data), options.to, options.secrets);
      process.stdout.write(options.json ? `${JSON.stringify(backup)}\n` : `a backup of ${backup.origin} as of ${backup.at} in ${options.to}\n${options.secrets === undefined ? 'without secrets: it opens nothing by itself\n' : ''}`);
    });
}

export function restoreCommand(): Command {
  return new Command('restore')
    .description('a new data folder from a backup; what was lost since then comes back from the record when it starts')
    .requiredOption('--from <folder>', 'the backup')
    .requiredOption('--secrets <folder>', 'the newest copy of the secrets')
    .requiredOption('--record <folder>', "audit's log/ and tree-head.sqlite as they were last")
    .addOption(dataOption())
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  $ tillid restore --from /backups/2026-11-25 --secrets /safe/tillid --record /mirror/audit --data /srv/tillid')
    .action(async (options: { from: string; secrets: string; record: string; data: string; json?: boolean }) => {
      const data = folderOf(options.data);
      const backup = await restore({ backup: options.from, secrets: options.secrets, record: options.record }, data);
      process.stdout.write(options.json ? `${JSON.stringify(backup)}\n` : `${backup.origin} as of ${backup.at} is in ${data.path}: \`tillid up --data ${data.path}\` fetches what came after\n`);
    });
}
