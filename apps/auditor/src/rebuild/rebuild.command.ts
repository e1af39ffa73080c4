import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { parseAsOf } from '@tillid/eventsourcing';
import { serviceNames } from '@tillid/runtime';
import { runningServices } from '../compare/running-services.js';
import { openLogWithEntries } from '../entries/replayed-entries.js';
import { dataOption, logArgument, tlsOption, vkeyOption, waitOption } from '../options.js';
import { progressBar } from '../progress-bar.js';
import { asJson, asText, finish, print } from '../results.js';
import { findRunningSystem } from '../running-system.js';
import { verdictText } from '../verify/verdict-text.js';
import { verify, type Verdict } from '../verify/verify.js';
import { compareLists, explained, type ComparedList, type List } from './compare-lists.js';
import { driftMetrics, writeMetrics } from './drift-metrics.js';
import { keptFiles } from './kept-files.js';
import { liveLists } from './live-lists.js';
import { programsFolder, rebuildWith } from './service-program.js';

interface Options {
  readonly vkey?: string;
  readonly until?: string;
  readonly wait: number;
  readonly metrics?: string;
  readonly programs: string;
  readonly scratch: string;
  readonly data: string;
  readonly tls?: string;
  readonly json?: boolean;
}

export function rebuildCommand(): Command {
  return new Command('rebuild')
    .description("every list of every service, built again from the log by the service's own program, against the one the service has")
    .addArgument(logArgument())
    .addOption(vkeyOption())
    .option('--until <instant|leaves>', 'as of then, compared with nothing: an ISO instant, or the first so many entries', instantOrLeaves)
    .addOption(waitOption())
    .option('--metrics <file>', "write each list's drift there, for Prometheus's textfile collector")
    .option('--programs <folder>', 'the apps to run', programsFolder())
    .option('--scratch <folder>', 'room for the entries of the log and for the lists while this runs', tmpdir())
    .addOption(dataOption())
    .addOption(tlsOption())
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  $ tillid-auditor rebuild --metrics /var/lib/node_exporter/tillid.prom\n  $ tillid-auditor rebuild log/ --vkey log.vkey --until 2026-11-24T10:00:00Z')
    .action(async (log: string | undefined, options: Options) => {
      // Before anything is read: what they say now is what the log must give.
      const live = options.until === undefined ? await everyLiveList(options) : undefined;
      const scratch = await mkdtemp(join(options.scratch, 'tillid-auditor-rebuild-'));
      try {
        const { from, verdict } = await provenLog(log, options, scratch);
        // From what is not the record nothing is built.
        const lists = verdict.holds ? await builtLists(options, from, scratch, live) : [];
        const holds = verdict.holds && lists.every(({ verdict: each }) => each === 'same' || each === 'built');
        if (verdict.holds && live && options.metrics !== undefined) await writeMetrics(options.metrics, driftMetrics(lists, Date.now()));
        finish(holds);
        await print(options.json ? asJson({ holds, log: verdict.log, record: verdict.record, lists }) : verdict.holds ? listsText(lists, verdict) : verdictText(verdict, 'nothing'));
      } finally {
        await rm(scratch, { recursive: true, force: true });
      }
    });
}

type LiveLists = ReadonlyMap<string, readonly List[]>;

/** Answers once the tree has all that is in them, or the time is up: what it lacks then is found by building. */
async function everyLiveList({ data, tls, wait }: Options): Promise<LiveLists> {
  const system = findRunningSystem(data, tls);
  const services = runningServices(system, wait * 1000);
  try {
    const live = new Map<string, readonly List[]>();
    for (const service of serviceNames) live.set(service, await liveLists(system, service));
    const furthest = new Map<string, number>();
    for (const { source, position } of [...live.values()].flat()) furthest.set(source, Math.max(position, furthest.get(source) ?? 0));
    await services.reached(furthest);
    return live;
  } finally {
    services.close();
  }
}

/** Every entry against its leaf and its source; a log that is no folder here leaves its entries in one. */
async function provenLog(log: string | undefined, { vkey, data, tls }: Options, scratch: string): Promise<{ readonly from: string; readonly verdict: Verdict }> {
  const opened = await openLogWithEntries({ log, vkey, data, tls });
  const bar = progressBar('rebuild');
  try {
    const isFolder = log !== undefined && (await stat(log).then((found) => found.isDirectory(), () => false));
    const from = isFolder ? resolve(log) : join(scratch, 'log');
    const verdict = await verify({ ...opened, files: isFolder ? opened.files : keptFiles(opened.files, from) }, { entries: true, onProgress: bar.at });
    return { from, verdict };
  } finally {
    bar.end();
    opened.close();
  }
}

async function builtLists({ programs, until }: Options, from: string, scratch: string, live: LiveLists | undefined): Promise<ComparedList[]> {
  const built = serviceNames.map(async (service): Promise<ComparedList[]> => {
    const theirs = live?.get(service);
    const { lists } = await rebuildWith(programs, service, { from, until, scratch, ...(theirs && { at: theirs }) });
    return theirs ? compareLists(service, lists, theirs) : lists.map((list) => ({ ...list, service, verdict: 'built' }));
  });
  // All have ended before the folder they write to goes.
  await Promise.allSettled(built);
  return (await Promise.all(built)).flat();
}

function listsText(lists: readonly ComparedList[], { log }: Verdict): string {
  const wrong = lists.filter(({ verdict }) => verdict === 'list.differs' || verdict === 'list.ahead');
  const rows = lists.map(({ service, name, version, source, position, documents, digest, verdict }) => [service, `${name}@${version}`, `${source}@${position}`, `${documents} documents`, digest.slice(0, 16), verdict]);
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const compared = lists.some(({ live }) => live);
  return asText([
    `log      ${log.head?.size ?? 0} entries, each against its leaf and its source`,
    ...rows.map((row) => `list     ${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd()}`),
    wrong.length > 0 ? `DIFFERS: ${wrong.length} of ${lists.length} lists` : compared ? `SAME: ${lists.length} lists` : `BUILT: ${lists.length} lists, compared with nothing`,
    ...wrong.map((list) => `  ${list.verdict}  ${explained(list)}`),
  ]);
}

function instantOrLeaves(text: string): string {
  if (!parseAsOf(text)) throw new InvalidArgumentError('an instant like 2026-11-24T10:00:00Z, or a number of entries');
  return text;
}
