import { asText } from '../results.js';
import type { Comparison } from './compare.js';
import type { Difference } from './difference.js';
import { reasons, type WeighedHead } from './who-changed.js';

const parties = { service: 'the service', audit: 'audit, in the tree', both: 'the service, and audit in the tree', cannot_be_told: 'cannot be told' } as const;
const places = { log: 'recorded in the log', kept: 'kept when this last held', now: 'shown now' } as const;

export function comparisonText({ holds, sources, differences, log, record }: Omit<Comparison, 'keep'>): string {
  return asText([
    `log      ${log.head?.size ?? 0} entries, each against its leaf and its source`,
    ...sources.map(({ source, headPosition, sameEntries }) => `source   ${source}: ${sameEntries} entries the same, head was ${headPosition}`),
    holds ? 'HOLDS' : `WRONG: ${differences.length + log.findingCount + record.findingCount} found`,
    ...differences.flatMap(differenceLines),
    ...log.findings.map(({ code, path, detail }) => `  ${code}  ${path}  ${detail}`),
    ...record.findings.map(({ code, source, position, message }) => `  ${code}  ${source}@${position}  ${message}`),
  ]);
}

/** Enough to check it without this program. */
function differenceLines({ code, source, position, message, inTree, inSource, changed, because, heads }: Difference): readonly string[] {
  return [
    `  ${code}  ${source}@${position}  ${message}`,
    ...(inTree || inSource ? [`    in the tree    ${base64(inTree)}`, `    in the source  ${base64(inSource)}`] : []),
    `    changed by: ${parties[changed]}`,
    ...because.map((reason) => `      ${reason}  ${reasons[reason]}`),
    ...heads.flatMap(headLines),
  ];
}

function headLines({ from, head, publicKey, fitsTree, fitsSource }: WeighedHead): readonly string[] {
  const fits = `${fitting(fitsTree)} the tree, ${fitting(fitsSource)} what the source gives`;
  return [
    `    signed, ${places[from]}: ${fits}`,
    `      position ${head.position}  timeMs ${head.timeMs}  chain ${base64(head.chain)}`,
    `      signature ${base64(head.signature)}  key ${base64(publicKey)}`,
  ];
}

function fitting(fits: boolean | undefined): string {
  return fits === undefined ? 'not weighed against' : fits ? 'fits' : 'does not fit';
}

function base64(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? 'nothing' : Buffer.from(bytes).toString('base64');
}
