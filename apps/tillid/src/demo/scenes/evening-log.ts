import { readFile } from 'node:fs/promises';
import type { AccessLogEntry, GetOwnLogHeadReply } from '@tillid/contracts/audit/v1/service';
import { Event } from '@tillid/contracts/event/v1/event';
import { checkOwnLogCopy, everyoneOwner } from '@tillid/eventsourcing';
import { checkReceipt, leafHash, parseReceipt, parseVkey } from '@tillid/transparency';
import { accessLogCells } from '../access-log-lines.js';
import { shortType } from '../access-log-words.js';
import { type Citizen, type Day, parent, patient, type Scene } from '../day.js';
import { describe } from '../../system/describe-error.js';
import { ownRooms } from '../sign-in.js';

const pageSize = 50;
const visibleWithinMs = 60_000;
const lookEveryMs = 100;

/** What the parent's own log must show by then, each of them acknowledged earlier in the day. */
const wanted = ['CitizenRegistered', 'IdentityProved', 'KeyActivated', 'SignInCompleted', 'SessionStarted', 'ConsentRequested', 'ConsentGranted', 'ShareAuthorized', 'ShareCompleted', 'ConsentWithdrawn', 'ShareRefused'];

/** The citizen reads who did what with their key and data, and checks one line of it against the public log. */
export const eveningLog: Scene = {
  name: 'the evening: the citizen reads their log',
  steps: () => 3,
  async play(day, step) {
    const citizen = parent(day);
    day.accessLog = await readUntilComplete(day, citizen);
    const types = new Set(day.accessLog.map(({ type }) => shortType(type)));
    day.expect.equal('everything of the day is in it', wanted.filter((type) => !types.has(type)), []);
    const own = day.accessLog.filter(({ everyones }) => !everyones).map(({ number }) => number);
    day.expect.holds('its lines are numbered without a hole, newest first', own.every((number, index) => number === own.length - index));
    const mute = day.accessLog.filter((entry) => accessLogCells(entry).includes(''));
    day.expect.equal('each line says who, what, when and why', mute.map(({ type }) => type), []);
    const allowed = new Set(['', 'fjordbanken', 'egebaek-kommune', 'tillid-agent', ...(citizen === patient(day) ? ['sundby-hospital'] : [])]);
    day.expect.holds('and it names nobody the citizen did not meet', day.accessLog.every(({ clientId }) => allowed.has(clientId)));
    step();

    await checkAll(day, citizen);
    step();

    const granted = day.accessLog.find(({ type }) => shortType(type) === 'ConsentGranted');
    if (granted) await checkOne(day, citizen, granted);
    else day.expect.holds('a consent can be proved', false);
    step();
  },
};

async function readUntilComplete(day: Day, citizen: Citizen): Promise<AccessLogEntry[]> {
  for (const untilMs = Date.now() + visibleWithinMs; ; await new Promise((resolve) => setTimeout(resolve, lookEveryMs))) {
    const entries = await readAll(day, citizen);
    const types = new Set(entries.map(({ type }) => shortType(type)));
    if (wanted.every((type) => types.has(type)) || Date.now() > untilMs) return entries;
  }
}

async function readAll(day: Day, citizen: Citizen): Promise<AccessLogEntry[]> {
  const entries: AccessLogEntry[] = [];
  for (let pageToken = ''; ; ) {
    const page = await day.agent.audit.listAccessLog({ pageToken, pageSize }, await ownRooms(day, citizen));
    entries.push(...page.entries);
    pageToken = page.nextPageToken;
    if (!pageToken) return entries;
  }
}

/** The head that is committed in the log says how many lines there are: that none of hers is missing, and none is held back. */
async function checkAll(day: Day, citizen: Citizen): Promise<void> {
  // The head first: what is shown afterwards has everything it covers.
  const committed = await committedHeads(day, citizen);
  const lines = (await readAll(day, citizen)).toReversed();
  const logs = committed.heads.map(({ owner }) => ({ owner, lines: lines.filter(({ everyones }) => everyones === (owner === everyoneOwner)) }));
  const { findings } = checkOwnLogCopy({ logs, committed }, parseVkey(await readFile(day.running.vkeyFile, 'utf8')));
  day.expect.equal('no line is missing, changed or held back', findings.map(({ code, owner, number }) => `${code} ${owner} ${number}`), []);
  day.ownLog = { logs, committed };
}

async function committedHeads(day: Day, citizen: Citizen): Promise<GetOwnLogHeadReply> {
  for (const untilMs = Date.now() + visibleWithinMs; ; await new Promise((resolve) => setTimeout(resolve, lookEveryMs))) {
    const head = await day.agent.audit.getOwnLogHead({}, { ...(await ownRooms(day, citizen)), timeoutMs: 20_000 });
    const own = head.heads.find(({ owner }) => owner !== everyoneOwner);
    if ((own?.number ?? 0) >= wanted.length || Date.now() > untilMs) return head;
  }
}

/** The receipt says: this very event stands at that place of the log whose key is published. Nobody has to be trusted for it. */
async function checkOne(day: Day, citizen: Citizen, line: AccessLogEntry): Promise<void> {
  const key = parseVkey(await readFile(day.running.vkeyFile, 'utf8'));
  const { receipt, event, leafIndex } = await day.agent.audit.getReceipt({ leafIndex: line.leafIndex, sourcePosition: '' }, { ...(await ownRooms(day, citizen)), timeoutMs: 20_000 });
  try {
    const { index, checkpoint } = checkReceipt(parseReceipt(receipt), leafHash(event), key);
    day.expect.equal('the receipt proves the line at its place', [index, leafIndex], [line.leafIndex, line.leafIndex]);
    day.receipt = { text: receipt, leafIndex: index, treeSize: checkpoint.size };
  } catch (error) {
    day.expect.failed('the receipt proves the line at its place', error);
  }
  const { type, source } = Event.decode(event);
  day.expect.equal('the event behind it is what the line says', [type, source], [line.type, line.source]);
  const forged = Buffer.from(event);
  forged[forged.length - 1]! ^= 1;
  day.expect.holds('and the same receipt proves no other event', !provesIt(receipt, forged, key));
  const other = await day.otherAgent.audit.getReceipt({ leafIndex: line.leafIndex, sourcePosition: '' }).catch(describe);
  day.expect.holds('another agent gets no receipt for it', typeof other === 'string', () => 'it got one');
}

function provesIt(receipt: string, event: Uint8Array, key: ReturnType<typeof parseVkey>): boolean {
  try {
    checkReceipt(parseReceipt(receipt), leafHash(event), key);
    return true;
  } catch {
    return false;
  }
}
