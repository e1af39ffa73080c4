import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Event } from '@tillid/contracts/event/v1/event';
import { newSourceKeyFile, open, seal, SealBroken, sourceKeyFrom, systemIds } from '@tillid/crypto';
import { tilePath, vkeyOf } from '@tillid/transparency';
import { bytesOf } from './events.js';
import { consentOf } from './by-source.js';
import { feedOf, origin, type Copy } from './installation.js';
import type { Act } from './kinds.js';

const consent = 'consent/0';
const changed = (bytes: Uint8Array) => bytesOf({ ...Event.decode(bytes), subject: 'somebody-else' });
const withoutTail = (copy: Copy, store: string, count: number) => {
  copy.sql(store, 'DELETE FROM streams WHERE position > (SELECT MAX(position) FROM events) - ?', count);
  copy.sql(store, 'DELETE FROM events WHERE position > (SELECT MAX(position) FROM events) - ?', count);
  copy.sql(store, 'DELETE FROM commits WHERE first > (SELECT MAX(position) FROM events)');
};
const feedFromDisk = async (copy: Copy) => feedOf(consent, copy.original.keys.get(consent)!, await copy.eventsIn('consent'));
const goOn = async (copy: Copy) => {
  const { batch, next } = consentOf(copy.original);
  return copy.takeIn(consent, [batch([next()])]);
};
const citizensKey = Buffer.alloc(32, 3);

export const byStore = {
  'D01': async (copy) => (copy.sql('consent/log', 'UPDATE events SET bytes = ? WHERE position = 60', changed(copy.original.events.get(consent)![59]!)), copy.compare([await feedFromDisk(copy)])),
  'D02': async (copy) => (withoutTail(copy, 'consent/log', 2), copy.compare([await feedFromDisk(copy)])),
  'D03': async (copy) => (copy.sql('audit/ledger', 'UPDATE events SET bytes = ? WHERE position = 61', changed(copy.original.leaves[60]!)), copy.replay()),
  'D04': async (copy) => (withoutTail(copy, 'audit/ledger', 2), copy.startAudit()),
  'D05': async (copy) => (copy.sql('audit/ledger', 'UPDATE commits SET chain = ? WHERE first = (SELECT MAX(first) FROM commits)', Buffer.alloc(32, 9)), copy.startAudit()),
  'D06': async (copy) => (copy.sql('audit/tree-head', 'UPDATE record SET value = ?', Buffer.from('{}')), copy.startAudit()),
  'D07': async (copy) => (copy.sql('audit/tree-head', 'DELETE FROM record'), copy.startAudit()),
  'D08': async (copy) => {
    const { leaves } = copy.original;
    copy.change(tilePath(0, leaves.length >> 8, leaves.length & 255), (bytes) => (bytes[5]! ^= 1, bytes));
    return copy.startAudit();
  },
  'D09': async (copy) => (writeFileSync(join(copy.folder, 'audit/log.vkey'), `${vkeyOf(`${origin}/other`, Buffer.alloc(32, 6))}\n`), copy.startAudit()),
  'D10': async (copy) => (copy.sql('audit/read-models', 'UPDATE checkpoints SET chain = ? WHERE consumer = ? AND source = ?', Buffer.alloc(32, 9), 'ledger', consent), goOn(copy)),
  'D11': async (copy) => (copy.sql('audit/read-models', 'UPDATE checkpoints SET key = ? WHERE consumer = ? AND source = ?', sourceKeyFrom(newSourceKeyFile()).publicKey, 'ledger', consent), goOn(copy)),
  'D12': async () => {
    const sealed = seal(citizensKey, 'a number', 'vault-1', systemIds);
    try {
      return [open(citizensKey, sealed, 'vault-2').toString()];
    } catch (error) {
      return [error instanceof SealBroken ? error.name : String(error)];
    }
  },
} satisfies Record<string, Act>;
