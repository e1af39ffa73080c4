import type { MyEvent, MyEventsBatch, StreamMyEventsRequest } from '@tillid/contracts/audit/v1/service';
import { clientOwner, StoreFault } from '@tillid/eventsourcing';
import type { Call } from '@tillid/service';
import { readEntry } from '../access-log/ledger-entry.js';
import type { AuditRoom } from '../audit.room.js';
import { ledgerSource } from '../domain/audit.events.js';
import { refuse } from '../domain/audit.refusals.js';
import { ownLogsName } from '../own-log/own-log.consumer.js';

const eventsMax = 256;
const batchBytesMax = 1024 * 1024;
const lookAgainAfterMs = 1000;

/** A relying service's own events, densely. Asked for the next batch only when the reader has taken the last one. */
export async function* streamMyEvents(room: AuditRoom, { afterNumber, follow }: StreamMyEventsRequest, call: Call): AsyncGenerator<MyEventsBatch> {
  const owner = clientOwner(call.caller.id);
  const { ownLogLines, ledger, book } = room;
  if (afterNumber > 0 && (await ownLogLines.get(`${owner} ${afterNumber}`)) === undefined) throw refuse('own_log.number_ahead');
  // Without `follow`, whatever was in the ledger when it was asked for is in the answer.
  const asked = (await ledger.head()).position;
  if (!(await book.waitFor(ownLogsName, ledgerSource, asked, call.signal))) return;
  for (let number = afterNumber; !call.signal.aborted; ) {
    const { documents } = await ownLogLines.page({ index: 'byOwner', equals: [owner], after: [owner, number], limit: eventsMax });
    if (documents.length === 0) {
      if (!follow) return;
      const { position } = book.line(ownLogsName, ledgerSource);
      await book.waitFor(ownLogsName, ledgerSource, position + 1, AbortSignal.any([call.signal, AbortSignal.timeout(lookAgainAfterMs)]));
      continue;
    }
    const batch: MyEvent[] = [];
    let bytes = 0;
    let chain = '';
    for (const line of documents) {
      const entry = await readEntry(ledger, line.leafIndex);
      if (entry === undefined) throw new StoreFault('the ledger lacks an entry that is numbered');
      if (bytes + entry.bytes.length > batchBytesMax && batch.length > 0) break;
      batch.push({ event: Buffer.from(entry.bytes), leafIndex: line.leafIndex });
      bytes += entry.bytes.length;
      ({ chain } = line);
    }
    yield { firstNumber: number + 1, events: batch, chain: Buffer.from(chain, 'base64') };
    number += batch.length;
  }
}
