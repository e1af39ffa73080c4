import { join } from 'node:path';
import { Event } from '@tillid/contracts/event/v1/event';
import { auditSource, bytesOf, forged } from './events.js';
import { consentOf } from './by-source.js';
import { feedOf, sourceNames, type Copy, type Feed } from './installation.js';
import type { Act } from './kinds.js';
import { compare, openLog } from './programs.js';

const consent = 'consent/0';
const changed = (bytes: Uint8Array) => bytesOf({ ...Event.decode(bytes), subject: 'somebody-else' });
/** The sources' own logs, but for those told otherwise. */
const feeds = (copy: Copy, others: readonly Feed[] = []) => sourceNames.map((source) => others.find((other) => other.source === source) ?? feedOf(source, copy.original.keys.get(source)!, copy.original.events.get(source)!));
const comparing = (copy: Copy, services: readonly Feed[], options: Parameters<typeof compare>[3] = {}) =>
  compare(services, () => openLog({ log: copy.path(''), vkey: join(copy.folder, 'audit/log.vkey'), data: '/nowhere', entries: true }), async () => {}, options);
/** What it says of who changed consent's, and why; nothing where nothing differs. */
const judged = ({ differences }: Awaited<ReturnType<typeof comparing>>) => differences.filter(({ source }) => source === consent).flatMap(({ code, changed: who, because }) => [code, who, ...because]);

export const byComparing = {
  'J01': async (copy) => {
    const at = copy.original.leafOf(consent, 60);
    copy.signAnew(copy.original.leaves.with(at, changed(copy.original.leaves[at]!)));
    const said = judged(await comparing(copy, feeds(copy)));
    return said.includes('service') || said.includes('both') ? ['the wrong one was named', ...said] : said;
  },
  'J02': async (copy) => {
    const { key, past } = consentOf(copy.original);
    const said = judged(await comparing(copy, feeds(copy, [feedOf(consent, key, past.with(29, changed(past[29]!)))])));
    return said.includes('audit') || said.includes('both') ? ['the wrong one was named', ...said] : said;
  },
  'J03': async (copy) => {
    const { keep } = await comparing(copy, feeds(copy));
    const { leaves, keys } = copy.original;
    const at = copy.original.leafOf(consent, 60);
    const together = forged(leaves, { keys: new Map([consent, auditSource].map((source) => [source, keys.get(source)!])), event: (event, index) => (index === at ? { ...event, subject: 'somebody-else' } : event) });
    copy.signAnew(together);
    const rewritten = [consent, auditSource].map((source) => feedOf(source, keys.get(source)!, together.filter((bytes) => Event.decode(bytes).source === source)));
    const unkept = judged(await comparing(copy, feeds(copy, rewritten)));
    return unkept.length > 0 ? ['it should not have been found without a state', ...unkept] : judged(await comparing(copy, feeds(copy, rewritten), { kept: { ...keep!, ageMs: 0 } }));
  },
} satisfies Record<string, Act>;
