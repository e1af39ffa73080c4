import { accessLogLines } from './access-log-lines.js';
import type { DayReport } from './national-day.js';

/** For people: what did not hold first, then the citizen's log and its proof. */
export function reportText({ day, diary, seconds }: DayReport): string {
  const failed = day.expect.list.filter(({ held }) => !held);
  const receipt = day.receipt ? `Line ${day.receipt.leafIndex} is proved: it stands in the signed log of ${day.receipt.treeSize} entries (${day.running.origin}).` : 'No line was proved.';
  return [
    `A national day with ${day.size} citizens: ${diary.acknowledged.length} changes acknowledged, ${diary.refusals.length} calls refused, in ${seconds.toFixed(1)} s.`,
    ...failed.map(({ scene, says, saw }) => `  NOT SO  ${scene}: ${says}${saw ? `; instead: ${saw}` : ''}`),
    `${day.expect.list.length - failed.length} of ${day.expect.list.length} expectations held.`,
    '',
    `What ${day.citizens[0]?.person.firstName ?? 'the citizen'} reads in the evening:`,
    '',
    ...accessLogLines(day.accessLog),
    '',
    receipt,
    '',
  ].join('\n');
}

/** For programs: everything acknowledged, so that a checker can look for each of it in the record, and every invented value, so that it can look for those where they must not be. */
export function reportJson({ day, diary, seconds }: DayReport): string {
  const seeded = day.citizens.map(({ person, citizenId, password }) => ({ ...person, citizenId, password }));
  return JSON.stringify({
    run: day.run,
    installation: day.running.installationId,
    citizens: day.size,
    seconds,
    held: day.expect.held,
    expectations: day.expect.list,
    acknowledged: diary.acknowledged,
    refusals: diary.refusals,
    received: diary.received,
    seeded,
    accessLog: day.accessLog,
    receipt: day.receipt,
  });
}
