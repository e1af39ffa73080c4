import { randomUUID } from 'node:crypto';
import { Command, InvalidArgumentError, Option } from 'commander';
import { parseAsOf, type AsOf } from '@tillid/eventsourcing';
import { Refused } from '@tillid/kernel';
import { checkpointPath, type Checkpoint } from '@tillid/transparency';
import { CouldNotLook } from '../could-not-look.js';
import { openLogWithEntries, openReplay } from '../entries/replayed-entries.js';
import { followKeys } from '../log/follow-keys.js';
import { openLog, type OpenedLog } from '../log/open-log.js';
import { dataOption, logArgument, tlsOption, vkeyOption } from '../options.js';
import { progressBar } from '../progress-bar.js';
import { asJson, asText, finish, print } from '../results.js';
import { chosenByService, type ChosenResult } from './chosen-by-service.js';
import { OutputFile, type Begun } from './output-file.js';
import { replay, type ReplayResult } from './replay.js';
import { asReplayFilter, canonicalChoice, hasFilter, instantOf, leafRange, outcomeResults, type OutcomeName, type ReplayChoice } from './replay-choice.js';

interface Options {
  readonly source: readonly string[];
  readonly type: readonly string[];
  readonly subject: readonly string[];
  readonly client: readonly string[];
  readonly outcome: readonly OutcomeName[];
  readonly from?: AsOf;
  readonly until?: AsOf;
  readonly output?: string;
  readonly chosenByService?: boolean;
  readonly vkey?: string;
  readonly data: string;
  readonly tls?: string;
  readonly json?: boolean;
}

export function replayCommand(): Command {
  return new Command('replay')
    .description('every entry in order, or those you choose, one JSON object a line, each proven before it is printed; the verdict goes to stderr')
    .addArgument(logArgument())
    .addOption(vkeyOption())
    .addOption(repeatable('--source <name>', 'of this source, as consent/0; like all of these, repeatable'))
    .addOption(repeatable('--type <name>', 'of this type, as tillid.consent.v1.ShareAuthorized'))
    .addOption(repeatable('--subject <id>', 'about this subject, as the event has it: a pseudonym where it has a client'))
    .addOption(repeatable('--client <id>', 'done for this relying service'))
    .addOption(repeatable('--outcome <outcome>', `with this outcome: ${Object.keys(outcomeResults).join(', ')}`, outcome))
    .option('--from <instant|leaves>', 'dated then or later, by an ISO instant; or after the first so many entries', instantOrLeaves)
    .option('--until <instant|leaves>', 'dated then or earlier; or of the first so many entries', instantOrLeaves)
    .option('--output <file>', 'there, and the verdict to stdout; the same command goes on with a file that a killed one left')
    .option('--chosen-by-service', "the running system's audit sends only what was asked for: quick, and that nothing is left out is its word")
    .addOption(dataOption())
    .addOption(tlsOption())
    .option('--json', 'the verdict as JSON too')
    .addHelpText('after', [
      '',
      'Examples:',
      '  $ tillid-auditor replay --client fjordbanken --outcome refused --from 2026-11-24T00:00:00Z | jq .type',
      '  $ tillid-auditor replay --type tillid.consent.v1.ShareAuthorized --until 2026-12-01T00:00:00Z --output shares.ndjson',
    ].join('\n'))
    .action(async (log: string | undefined, options: Options) => {
      const choice = choiceOf(options);
      if (options.chosenByService && log !== undefined) throw new CouldNotLook('only a running audit service chooses: name no log, or leave out --chosen-by-service');
      const { begun, output } = await begin(log, options, choice);
      try {
        const { result, lines } = options.chosenByService ? await chosen(options, choice, begun, output) : await all(log, options, choice, begun, output);
        finish(result.holds);
        const text = options.json ? asJson(result) : asText(lines);
        if (output) await print(text);
        else process.stderr.write(text);
      } finally {
        await output?.close();
      }
    });
}

interface Verdict {
  /** `complete`: nothing that was asked for is left out. */
  readonly result: (ReplayResult & { readonly complete: boolean }) | (ChosenResult & { readonly printed: number; readonly size: number });
  readonly lines: readonly string[];
}

/** The tree is settled once, also for the runs that go on: a log grows while it is replayed. */
async function begin(log: string | undefined, { output, chosenByService: isChosen, vkey, data, tls }: Options, choice: ReplayChoice): Promise<{ readonly begun: Begun; readonly output: OutputFile | undefined }> {
  const { files, key, close } = await openLog({ log, vkey, data, tls, entries: false });
  try {
    const question = `${key.name}+${key.keyId.toString(16).padStart(8, '0')} ${canonicalChoice(choice)}${isChosen ? ' chosen by service' : ''}`;
    const asOfNow = async () => ({ checkpoint: Buffer.from((await files.read(checkpointPath)) ?? '').toString('utf8'), idempotencyKey: randomUUID() });
    const file = output === undefined ? undefined : await OutputFile.open(output, question, asOfNow);
    return { begun: file?.begun ?? { question, ...(await asOfNow()) }, output: file };
  } finally {
    close();
  }
}

/** Everything is read and proven, and chosen here. */
async function all(log: string | undefined, { vkey, data, tls, output: path }: Options, choice: ReplayChoice, { checkpoint, idempotencyKey }: Begun, output: OutputFile | undefined): Promise<Verdict> {
  const opened = await openLogWithEntries({ log, vkey, data, tls }, idempotencyKey);
  const bar = barFor(path);
  try {
    const tree = await treeOf(checkpoint, opened, choice);
    const write = output && (async (line: string, leafIndex: number) => {
      await output.write(line);
      await output.mark({ leaf: leafIndex + 1 });
    });
    const result = await replay(opened, write ?? print, { choice, tree, printedBefore: output?.place?.leaf ?? 0, onProgress: bar.at });
    await output?.mark({ leaf: tree?.size ?? 0 }, true);
    bar.end();
    if (output && !(result.holds && output.entries === result.printed)) {
      // Entries that were not proven are not in the file, and nobody would look for them again.
      await output.startOver();
      if (result.holds) throw new CouldNotLook(`${path} was begun while something was wrong with the log: the same command begins it anew`);
    }
    return { result: { ...result, complete: result.holds }, lines: allText(result, choice, tree?.size ?? 0) };
  } finally {
    bar.end();
    opened.close();
  }
}

/** Only what audit sends is read. */
async function chosen({ vkey, data, tls, output: path }: Options, choice: ReplayChoice, { checkpoint, idempotencyKey }: Begun, output: OutputFile | undefined): Promise<Verdict> {
  const opened = await openReplay({ vkey, data, tls });
  const bar = barFor(path);
  try {
    const tree = await treeOf(checkpoint, opened, choice);
    if (tree === undefined) return chosenVerdict({ holds: false, complete: false, findings: [{ code: 'checkpoint.refused', leafIndex: 0, detail: 'there is no checkpoint that the key signed' }] }, 0, 0);
    const { first } = leafRange(choice);
    const [fromMs, untilMs] = [instantOf(choice.from), instantOf(choice.until)];
    const filter = asReplayFilter(choice);
    const { leaf = first, token } = output?.place ?? {};
    const fresh = { ...(fromMs === undefined ? { leafIndex: leaf } : { instant: new Date(fromMs) }), ...(untilMs !== undefined && { until: new Date(untilMs) }), idempotencyKey };
    let [printed, place] = [output?.entries ?? 0, output?.place];
    const result = await chosenByService({
      files: opened.files, head: tree.head, choice, startLeaf: leaf,
      batches: opened.replay({ ...(token === undefined ? fresh : { resumeToken: token }), ...(filter && { filter }) }),
      async print(line) {
        printed += 1;
        await (output ? output.write(line) : print(line));
      },
      async printed(resumeToken, next) {
        place = { leaf: next, token: resumeToken };
        await output?.mark(place);
      },
      onProgress: bar.at,
    });
    bar.end();
    if (result.holds && place) await output?.mark(place, true);
    return chosenVerdict(result, printed, tree.size);
  } finally {
    bar.end();
    opened.close();
  }
}

/** Undefined when it is not the log's: whoever looks at the whole log finds that. */
async function treeOf(checkpoint: string, { files, key }: Pick<OpenedLog, 'files' | 'key'>, choice: ReplayChoice): Promise<{ readonly size: number; readonly checkpoint: string; readonly head: Checkpoint } | undefined> {
  let head: Checkpoint;
  try {
    head = (await followKeys(files, key, checkpoint)).keys.open(checkpoint);
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
  const { size } = head;
  const { first, end } = leafRange(choice);
  if (first > size || (end !== Infinity && end > size)) throw new CouldNotLook(`the log has ${size} entries, not ${end === Infinity ? first : Math.max(first, end)}`);
  return { size, checkpoint, head };
}

function allText({ holds, printed, datesSettled, log, record }: ReplayResult, choice: ReplayChoice, size: number): string[] {
  return [
    `${printed} of ${size} entries printed; ${holds ? 'HOLDS' : 'WRONG'}`,
    ...(holds && hasFilter(choice) ? ['every entry was read: none that was asked for is left out'] : []),
    ...(datesSettled ? [] : ['the log has not gone on past the instants asked for: what it will date so is not here yet']),
    ...log.findings.map(({ code, path, detail }) => `  ${code}  ${path}  ${detail}`),
    ...record.findings.map(({ code, source, position, message }) => `  ${code}  ${source}@${position}  ${message}`),
  ];
}

function chosenVerdict(result: ChosenResult, printed: number, size: number): Verdict {
  return {
    result: { ...result, printed, size },
    lines: [
      `${printed} of ${size} entries printed, each proven to stand in the tree; ${result.holds ? 'HOLDS' : 'WRONG'}`,
      result.complete ? 'every entry that was asked for came' : "that none is left out is audit's word: without --chosen-by-service it is proven",
      ...result.findings.map(({ code, leafIndex, detail }) => `  ${code}  leaf ${leafIndex}  ${detail}`),
    ],
  };
}

/** Where lines go to a terminal, they say themselves how far it is. */
function barFor(output: string | undefined): ReturnType<typeof progressBar> {
  return output === undefined && process.stdout.isTTY ? { at: () => {}, end: () => {} } : progressBar('replay');
}

function choiceOf({ source, type, subject, client, outcome: outcomes, from, until }: Options): ReplayChoice {
  return { sources: source, types: type, subjects: subject, clients: client, outcomes, from, until };
}

function repeatable(flags: string, description: string, parse: (text: string) => string = (text) => text): Option {
  return new Option(flags, description).default([], 'any').argParser((text: string, before: readonly string[]) => [...before, parse(text)]);
}

function outcome(text: string): string {
  if (!Object.hasOwn(outcomeResults, text)) throw new InvalidArgumentError(`one of ${Object.keys(outcomeResults).join(', ')}`);
  return text;
}

function instantOrLeaves(text: string): AsOf {
  const asOf = parseAsOf(text);
  if (!asOf) throw new InvalidArgumentError('an instant like 2026-11-24T10:00:00Z, or a number of entries');
  return asOf;
}
