import type { Status } from './status.js';

export function statusText(status: Status): string {
  const services = status.replicas.map(({ name, grpc }) => {
    const { error, position, headAt } = status.services[name]!;
    return [name, grpc, error ?? `position ${position}, head of ${headAt}`];
  });
  // Every replica knows how far the one at work is; one of them is enough.
  const tellers = new Map(status.replicas.filter(({ name }) => status.services[name]!.serving).map(({ name, service }) => [service, status.services[name]!]));
  const following = [...tellers].flatMap(([name, service]) =>
    service.following.map(({ source, consumer, position, lag, gaps, parked }) => [`${name} <- ${source}`, consumer, `at ${position}, ${lag} behind, ${gaps} gaps met${parked ? `, PARKED: ${parked}` : ''}`]),
  );
  const { record } = status;
  const sources = record.sources.map(({ source, takenIn, lag, gap, parked }) => [source, `${takenIn} taken in`, `${lag} behind${gap ? ', GAP' : ''}${parked ? `, PARKED: ${parked}` : ''}`]);
  const complete = record.error ?? `${record.checkpointSize} entries signed at ${record.checkpointAt ?? 'no time yet'}; ${record.mayBeIncomplete ? `may be incomplete: ${record.mayBeIncomplete}` : `complete as of ${record.completeAsOf ?? 'no time yet'}`}`;
  const { formerLog } = record;
  const continued = formerLog ? [['', '', `another log than ${formerLog.origin}, which was lost at ${formerLog.size} entries: ${formerLog.kept} of what was left stand in this one since ${formerLog.continuedAt}`]] : [];
  return [
    `Tillid on ${status.origin}, process ${status.pid}`,
    '',
    table([['log', status.logUrl, status.vkeyFile], ...services]),
    table(following),
    table([['the record', '', complete], ...continued, ...sources]),
  ].join('\n');
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => row[column]!.length)));
  return rows.map(([first, second, third]) => `  ${first!.padEnd(widths[0]!)}  ${second!.padEnd(widths[1]!)}  ${third}\n`).join('');
}
