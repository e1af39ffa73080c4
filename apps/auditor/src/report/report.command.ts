import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { RecordVerifier } from '@tillid/eventsourcing';
import { CouldNotLook } from '../could-not-look.js';
import { openLogWithEntries } from '../entries/replayed-entries.js';
import { verifyFollowed } from '../log/verify-followed.js';
import { dataOption, logArgument, tlsOption, vkeyOption } from '../options.js';
import { progressBar } from '../progress-bar.js';
import { asJson, asText, finish, print } from '../results.js';
import { AccessReport } from './access-report.js';
import { reportPage } from './report-page.js';

interface Options {
  readonly output: string;
  readonly from?: number;
  readonly until?: number;
  readonly vkey?: string;
  readonly data: string;
  readonly tls?: string;
  readonly json?: boolean;
}

export function reportCommand(): Command {
  return new Command('report')
    .description('who read what, on whose word: one HTML file that works offline, made of entries proven to stand in the log')
    .addArgument(logArgument())
    .addOption(new Option('--output <file>', 'the file to write').makeOptionMandatory())
    .addOption(new Option('--from <instant>', 'what happened from then on, as 2026-11-01 or 2026-11-01T08:00Z').argParser(instant))
    .addOption(new Option('--until <instant>', 'what happened before then').argParser(instant))
    .addOption(vkeyOption())
    .addOption(dataOption())
    .addOption(tlsOption())
    .option('--json', 'the verdict as JSON')
    .addHelpText('after', '\nExample:\n  $ tillid-auditor report --output november.html --from 2026-11-01 --until 2026-12-01')
    .action(async (log: string | undefined, options: Options) => {
      const opened = await openLogWithEntries({ log, vkey: options.vkey, data: options.data, tls: options.tls });
      const bar = progressBar('report');
      try {
        const record = new RecordVerifier();
        const report = new AccessReport({ fromMs: options.from, untilMs: options.until });
        const verdict = await verifyFollowed(opened, { entries: true, onProgress: bar.at }, (bytes, leafIndex) => {
          const placed = record.entry(bytes);
          if (placed) report.entry({ ...placed, leafIndex });
        });
        bar.end();
        if (verdict.head === undefined) throw new CouldNotLook('there is no checkpoint to report on');
        const { findings, findingCount } = record.summary();
        const holds = verdict.holds && findingCount === 0;
        const said = [...verdict.findings.map(({ code, path, detail }) => `${code} ${path} ${detail}`), ...findings.map(({ code, source, position, message }) => `${code} ${source}@${position} ${message}`)];
        const page = reportPage(report, { origin: verdict.head.origin, size: verdict.head.size, root: Buffer.from(verdict.head.root).toString('base64'), holds, findings: said });
        await writeFile(options.output, page).catch((cause: unknown) => {
          throw new CouldNotLook(`${options.output} cannot be written`, { cause });
        });
        finish(holds);
        const summary = { holds, output: options.output, entries: report.entries, treeSize: verdict.head.size, accessesWithoutGround: report.groundlessCount };
        await print(options.json ? asJson(summary) : asText([`${options.output}: ${report.entries} of ${verdict.head.size} entries; ${report.groundlessCount} accesses without any ground; ${holds ? 'HOLDS' : 'WRONG'}`, ...said.slice(0, 20).map((line) => `  ${line}`)]));
      } finally {
        bar.end();
        opened.close();
      }
    });
}

function instant(text: string): number {
  const atMs = Date.parse(text);
  if (!/^\d{4}-\d{2}-\d{2}(?:T[0-9:.]+Z)?$/.test(text) || Number.isNaN(atMs)) throw new InvalidArgumentError('an instant in UTC, as 2026-11-01 or 2026-11-01T08:00Z');
  return atMs;
}
