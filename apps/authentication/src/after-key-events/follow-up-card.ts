import type { CommandContext } from '@tillid/eventsourcing';
import { Refused } from '@tillid/kernel';
import type { Authentication } from '../authentication.js';
import { makeCard } from '../code-cards/code-cards.js';
import { authenticators } from '../domain/authenticators.decider.js';
import { streams } from '../domain/streams.js';
import { write } from '../log/authentication-log.js';
import { aboutCitizen, bySystem } from '../log/envelopes.js';

/** Twenty codes left: the next card is made, and waits until the citizen's agent collects it. */
export async function followUpCard(service: Authentication, citizenId: string, follows: string, context: CommandContext): Promise<void> {
  const { log, vault } = service;
  const stream = streams.authenticators(citizenId);
  const { cardInUse, cardWaiting } = await log.state(authenticators, stream);
  if (cardInUse?.cardId !== follows || cardWaiting) return;
  const card = await makeCard(service, citizenId).catch(unlessErased);
  if (!card) return;
  const { events } = await log.handle(context, [
    write({ stream, decider: authenticators, command: { type: 'IssueCodeCard', citizenId, follows, card }, envelope: () => aboutCitizen(citizenId, bySystem) }),
  ]);
  if (events.length === 0) await vault.delete([card.codesId]);
}

/** An erased citizen gets no more cards. Anything else is tried again. */
function unlessErased(error: unknown): undefined {
  if (error instanceof Refused && error.code === 'key_ring.key_destroyed') return undefined;
  throw error;
}
