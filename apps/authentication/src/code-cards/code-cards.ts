import type { Ids } from '@tillid/kernel';
import { type Authenticators, type Card } from '../domain/authenticators.decider.js';
import { codeCard } from '../domain/code-card.decider.js';
import { codesPerCard, decodeCodes, drawCodes, encodeCodes, nextCode, printed, type PrintedCode } from '../domain/code-card.codes.js';
import { streams } from '../domain/streams.js';
import type { AuthenticationLog } from '../log/authentication-log.js';
import type { SealedVault } from '../vault/sealed-vault.js';

interface Cards {
  readonly ids: Ids;
  readonly log: AuthenticationLog;
  readonly vault: SealedVault;
}

/** A card's codes are in the vault before any event names it. */
export async function makeCard({ ids, vault }: Pick<Cards, 'ids' | 'vault'>, citizenId: string, deadlineMs?: number): Promise<Omit<Card, 'collected'>> {
  const codesId = await vault.put(citizenId, 'codes', encodeCodes(drawCodes(ids)), deadlineMs);
  return { cardId: ids.newId(), codesId, codes: codesPerCard };
}

/** The card as it is printed; empty when its codes are gone, because another card took its place. */
export async function printedCard({ vault }: Pick<Cards, 'vault'>, citizenId: string, { cardId, codesId }: Pick<Card, 'cardId' | 'codesId'>, deadlineMs?: number) {
  return { cardId, codes: printed(await codesOf(vault, citizenId, codesId, deadlineMs)) };
}

/** The code to ask for; undefined when the card is used up. */
export async function codeToAsk({ log, vault }: Pick<Cards, 'log' | 'vault'>, citizenId: string, { cardInUse }: Authenticators, deadlineMs?: number) {
  if (!cardInUse) return undefined;
  const { cardId, codesId, codes } = cardInUse;
  const [{ used }, printedCodes] = await Promise.all([log.state(codeCard, streams.codeCard(cardId)), codesOf(vault, citizenId, codesId, deadlineMs)]);
  const next = nextCode(printedCodes, used);
  return next && { cardId, codesId, codes, number: next.number };
}

export async function codesOf(vault: SealedVault, citizenId: string, codesId: string, deadlineMs?: number): Promise<PrintedCode[]> {
  const text = await vault.get(citizenId, codesId, deadlineMs);
  return text ? decodeCodes(text.toString('utf8')) : [];
}
