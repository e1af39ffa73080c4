import { Command } from 'commander';
import { openOrigin } from '../open-origin/open-origin.js';
import { dataOption, folderOf } from './options.js';

export function openOriginCommand(): Command {
  return new Command('open-origin')
    .description('when the last signed tree is lost for good: another log, with a name and key of its own, that names the lost one in its first entry')
    .option('--last-checkpoint <file>', 'the newest checkpoint of the lost log that somebody else kept: an auditor, a witness')
    .addOption(dataOption())
    .option('--json', 'as JSON')
    .addHelpText('after', '\nRefused while that tree can be made again, and while the system runs. Everyone sees it, and whoever kept a checkpoint is told so (docs/operations.md).\n\nExample:\n  $ tillid open-origin --last-checkpoint from-the-auditor.checkpoint')
    .action(async (options: { lastCheckpoint?: string; data: string; json?: boolean }) => {
      const opened = await openOrigin(folderOf(options.data), options.lastCheckpoint);
      process.stdout.write(
        options.json
          ? `${JSON.stringify(opened)}\n`
          : [
              `${opened.opened} continues ${opened.former}, which was lost (${opened.lostBecause}) at ${opened.formerSize} entries; ${opened.kept} of what was left stand in it`,
              `its key, for auditors, witnesses and policies: ${opened.vkey}`,
              `the old files are in ${opened.oldFiles}: keep them. \`tillid up\` takes in again what the services have beyond them`,
              '',
            ].join('\n'),
      );
    });
}
