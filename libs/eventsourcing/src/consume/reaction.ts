import { Refused } from '@tillid/kernel';
import type { CheckpointStore } from '../checkpoint.js';
import { reactionContext, type CommandContext } from '../command-context.js';
import type { EventCodec } from '../event-codec.js';
import type { DomainEvent, RecordedEvent } from '../recorded-event.js';
import { CannotApply, checkpointAt, type Consumer } from './consumer.js';
import { standingIn } from './projection.js';

/** What a service does because of an event. The context makes it the same command however often the event arrives. */
export interface Reaction<E extends DomainEvent> {
  readonly name: string;
  readonly events: EventCodec<E>;
  readonly checkpoints: CheckpointStore;
  /** Resolves when done. Refused busy, conflict or unknown_outcome is tried again; any other refusal parks the source. */
  readonly react: (recorded: RecordedEvent<E>, context: CommandContext) => Promise<unknown>;
}

const worthRetrying = new Set(['busy', 'conflict', 'unknown_outcome']);

export function reactionConsumer<E extends DomainEvent>(reaction: Reaction<E>): Consumer {
  return {
    name: reaction.name,
    standing: (source) => standingIn(reaction.checkpoints, reaction.name, source),
    async apply(source, events, next) {
      let unknownTypes = 0;
      let done: (typeof events)[number] | undefined;
      try {
        for (const event of events) {
          const recorded = readable(reaction, event);
          if (recorded) await react(reaction, recorded);
          else unknownTypes++;
          done = event;
        }
      } finally {
        // A crash before this line repeats commands that are known by then: they change nothing.
        if (done) await reaction.checkpoints.saveCheckpoint(reaction.name, source, checkpointAt(done, next));
      }
      return { unknownTypes };
    },
  };
}

function readable<E extends DomainEvent>(reaction: Reaction<E>, { position, bytes }: { readonly position: number; readonly bytes: Uint8Array }) {
  try {
    return reaction.events.decode(bytes, position);
  } catch (cause) {
    throw new CannotApply(position, 'event.cannot_be_read', { cause });
  }
}

async function react<E extends DomainEvent>(reaction: Reaction<E>, recorded: RecordedEvent<E>): Promise<void> {
  try {
    await reaction.react(recorded, reactionContext(reaction.name, recorded.envelope));
  } catch (cause) {
    if (cause instanceof Refused && !worthRetrying.has(cause.kind)) throw new CannotApply(recorded.position, `reaction.refused:${cause.code}`, { cause });
    throw cause;
  }
}
