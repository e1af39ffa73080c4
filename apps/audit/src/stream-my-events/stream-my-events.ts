import type { MyEvent, MyEventsBatch, StreamMyEventsRequest } from '@tillid/contracts/audit/v1/service';
import { clientOwner, StoreFault } from '@tillid/eventsourcing';
import type { Call } from '@tillid/service';
import { readEntry } from '../access-log/ledger-entry.js';
import type { AuditRoom } from '../audit.room.js';
import { ledgerSource } from '../domain/audit.events.js';
import { refuse } from '../domain/audit.refusals.js';
import { coverageOf, listsHaveAll } from '../get-coverage/coverage.js';
import { ownLogsName } from '../own-log/own-log.consumer.js';

const eventsMax = 256;
const batchBytesMax = 1024 * 1024;
const lookAgainAfterMs = 1000;
/** How long it waits for what is in the ledger already. */
const catchUpMsMax = 2000;

/** A relying service's own events, densely. Asked for the next batch only when the reader has taken the last one. */
export async function* streamMyEvents(room: AuditRoom, { afterNumber, follow }: StreamMyEventsRequest, call: Call): AsyncGenerator<MyEventsBatch> {
  const owner = clientOwner(call.caller.id);
  const { ownLogLines, ledger, book } = room;
  // Whatever was in the ledger when it was asked for is in the answer, or the answer says that it may not be.
  const caughtUp = await listsHaveAll(room, [ownLogsName], call, catchUpMsMax);
  if (afterNumber > 0 && (await ownLogLines.get(`${owner} ${afterNumber}`)) === undefined) throw caughtUp ? refuse('own_log.number_ahead') : refuse('own_log.not_yet', { retryAfterMs: lookAgainAfterMs });
  let lastChain = '';
  for (let number = afterNumber; !call.signal.aborted; ) {
    const { documents } = await ownLogLines.page({ index: 'byOwner', equals: [owner], after: [owner, number], limit: eventsMax });
    if (documents.length === 0) {
      if (!follow) return yield { firstNumber: 0, events: [], chain: Buffer.from(lastChain, 'base64'), coverage: await coverageOf(room, !caughtUp) };
      const { position } = book.line(ownLogsName, ledgerSource);
      await book.waitFor(ownLogsName, ledgerSource, position + 1, AbortSignal.any([call.signal, AbortSignal.timeout(lookAgainAfterMs)]));
      continue;
    }
    const batch: MyEvent[] = [];
    let bytes = 0;
    for (const line of documents) {
      const entry = await readEntry(ledger, line.leafIndex);
      if (entry === undefined) throw new StoreFault('the ledger lacks an entry that is numbered');
      if (bytes + entry.bytes.length > batchBytesMax && batch.length > 0) break;
      batch.push({ event: Buffer.from(entry.bytes), leafIndex: line.leafIndex });
      bytes += entry.bytes.length;
      lastChain = line.chain;
    }
    yield { firstNumber: number + 1, events: batch, chain: Buffer.from(lastChain, 'base64'), coverage: undefined };
    number += batch.length;
  }
}
