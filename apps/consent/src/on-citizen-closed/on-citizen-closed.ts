import type { CitizenClosed } from '@tillid/contracts/identity/v1/events';
import { contextForClient, derivedContext, handle, type CommandContext, type RecordedEvent } from '@tillid/eventsourcing';
import { consent } from '../domain/consent.decider.js';
import { envelopeBy } from '../domain/envelope.js';
import { consentStream } from '../domain/streams.js';
import type { ConsentDocument } from '../list-consents/list-consents.read-model.js';
import type { ConsentRoom } from '../room.js';

/** Resolves when the list of consents, the pseudonyms and the closed citizens are no older than this closing. */
export type ListsAreComplete = (closedAtPosition: number) => Promise<void>;

const pageSize = 100;

/**
 * Consents end with the citizen. What is only asked for is withdrawn too, so a grant under way finds it withdrawn; what
 * is asked for from now on is refused, since the citizen is known to be closed before the list is read.
 * A crash between two consents repeats the first: its command is known by then, and the decider would change nothing.
 */
export function onCitizenClosed(room: Pick<ConsentRoom, 'log' | 'known' | 'consents'>, listsAreComplete: ListsAreComplete) {
  return async ({ event, position }: RecordedEvent<{ readonly type: 'CitizenClosed' } & CitizenClosed>, context: CommandContext): Promise<void> => {
    await listsAreComplete(position);
    for (const pseudonym of await room.known.pseudonymsOf(event.citizenId)) {
      for await (const document of consentsOf(room, pseudonym)) {
        if (document.status === 'requested' || document.status === 'granted') await withdraw(room, document, context);
      }
    }
  };
}

async function withdraw({ log }: Pick<ConsentRoom, 'log'>, { consentId, receiverId }: ConsentDocument, context: CommandContext): Promise<void> {
  await handle(log, contextForClient(derivedContext(context, consentId), receiverId), [
    {
      stream: consentStream(consentId),
      decider: consent,
      command: { type: 'WithdrawConsent', reason: 'citizen_closed', nowMs: log.clock.nowMs() },
      envelope: envelopeBy('system'),
    },
  ]);
}

async function* consentsOf({ consents }: Pick<ConsentRoom, 'consents'>, pseudonym: string): AsyncGenerator<ConsentDocument> {
  let after: readonly (string | number)[] | undefined;
  do {
    const page = await consents.page({ index: 'bySubject', equals: [pseudonym], limit: pageSize, ...(after && { after }) });
    yield* page.documents;
    after = page.next;
  } while (after);
}
