import { continuedLines } from '../continued/continued-text.js';
import { asText } from '../results.js';
import type { Verdict } from './verify.js';

const shownFindings = 50;

/** For people: what was looked at, what was not, and each thing wrong with its place. */
export function verdictText(verdict: Verdict, comparedWith: 'nothing' | 'state'): string {
  const { log, record } = verdict;
  const lines = [`log      ${verdict.where}`];
  if (log.head) {
    lines.push(`tree     ${log.head.origin}, ${log.head.size} leaves, root ${Buffer.from(log.head.root).toString('base64')}`);
    for (const { vkey, nextVkey, leafIndex } of log.keys) lines.push(`key      ${vkey} named ${nextVkey} at leaf ${leafIndex}`);
    lines.push(`tiles    ${log.tilesChecked} looked at`);
  }
  lines.push(log.entriesChecked ? `entries  ${log.bundlesChecked} bundles looked at` : 'entries  bundles were not looked at (--entries looks at them)');
  for (const source of record?.sources ?? []) {
    lines.push(`source   ${source.source}: ${source.position} entries, ${source.confirmedPosition} under a signed head${source.commitOpen ? ', the last commit still coming in' : ''}`);
  }
  if (verdict.continued) lines.push(...continuedLines(verdict.continued));
  else lines.push(comparedWith === 'state' ? 'growth   compared with the checkpoint seen last' : 'growth   compared with nothing: no checkpoint seen before (--state keeps one)');
  return asText([...lines, ...findingLines(verdict)]);
}

function findingLines({ holds, log, record, continued }: Verdict): string[] {
  if (holds) return ['HOLDS'];
  const all = [
    ...(continued?.findings ?? []).map(({ code, detail }) => `  ${code}  ${detail}`),
    ...log.findings.map(({ code, path, leafIndex, detail }) => `  ${code}  ${path}${leafIndex === undefined ? '' : `  leaf ${leafIndex}`}  ${detail}`),
    ...(record?.findings ?? []).map(({ code, source, position, leafIndex, message }) => `  ${code}  ${source}@${position}  leaf ${leafIndex}  ${message}`),
  ];
  const count = (continued?.findings.length ?? 0) + log.findingCount + (record?.findingCount ?? 0);
  return [`WRONG: ${count} found`, ...all.slice(0, shownFindings), ...(count > shownFindings ? [`  ... and ${count - shownFindings} more (--json has up to 1,000 of each kind)`] : [])];
}
