import { write, type EnvelopeFields, type Write } from '@tillid/eventsourcing';
import { basisShare, type BasisShare } from './domain/basis-share.decider.js';
import { consent } from './domain/consent.decider.js';
import type { AuthorizeShare, BasisShareCommand, CompleteShare, ConsentEvent } from './domain/consent.messages.js';
import { noShares, type Shares } from './domain/shares.js';
import type { Opened } from './opening.js';

interface ShareCommand {
  readonly command: AuthorizeShare | CompleteShare;
  readonly envelope: (event: ConsentEvent) => EnvelopeFields;
  /** Hears the shares the decision rests on, again after each lost race. */
  readonly seen?: (shares: Shares) => void;
}

/** The provider's side of a share is the same whatever the share rests on; only the stream and its rules differ. */
export function onGround({ kind, stream }: Opened, { command, envelope, seen }: ShareCommand): Write<ConsentEvent> {
  const look = (state: { readonly status: string; readonly shares?: Shares }) => {
    seen?.(state.shares ?? noShares);
    return command;
  };
  return kind === 'consent' ? write({ stream, decider: consent, command: look, envelope }) : write<BasisShareCommand, BasisShare, ConsentEvent>({ stream, decider: basisShare, command: look, envelope });
}
