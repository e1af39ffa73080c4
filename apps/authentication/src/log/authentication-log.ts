import { type CommonEvent, type Decider, type EventLog, type FoldCache, handle, type Handled, type RecordedEvent, type StreamCommand, type Write } from '@tillid/eventsourcing';
import type { CommandContext } from '@tillid/service';
import type { AuthenticationEvent } from '../domain/authentication.events.js';

/** Callers' streams hold what the shell writes as well. */
export type LoggedEvent = AuthenticationEvent | CommonEvent;

/** A stream's command, checked against its own rules and then one of a list. */
export function write<Command, State, Event extends LoggedEvent>(streamCommand: StreamCommand<Command, State, Event>): Write<LoggedEvent> {
  // The decider of a stream is only ever given that stream's events: the codec says what they are, not the compiler.
  return streamCommand as unknown as Write<LoggedEvent>;
}

const pageSize = 10_000;

/** This service's own log, as its use cases see it. */
export class AuthenticationLog {
  constructor(readonly log: EventLog<LoggedEvent> & { readonly cache: FoldCache }) {}

  /** What this command did when it arrived before; asked before any work that must not be done twice. */
  async first(context: CommandContext): Promise<Handled<LoggedEvent> | undefined> {
    const handled = await handle(this.log, context, []);
    return handled.repeated ? handled : undefined;
  }

  handle(context: CommandContext, writes: readonly Write<LoggedEvent>[]): Promise<Handled<LoggedEvent>> {
    return handle(this.log, context, writes);
  }

  /** A stream as it is now. */
  async state<State, Event extends LoggedEvent>(decider: Decider<never, State, Event>, stream: string): Promise<State> {
    let fold = this.log.cache.get(decider, stream) ?? { state: decider.initial, revision: 0, position: 0 };
    for (const { revision, position, bytes } of await this.log.store.readStream(stream, fold.revision)) {
      const recorded = this.log.codec.decode(bytes, position) as RecordedEvent<Event> | undefined;
      if (!recorded) throw new Error('a stream holds an event this service does not know');
      fold = { state: decider.evolve(fold.state, recorded.event), revision, position };
    }
    this.log.cache.put(decider, stream, fold);
    return fold.state;
  }

  /** How a stream began, envelope and all. */
  async beginning(stream: string): Promise<RecordedEvent<LoggedEvent> | undefined> {
    const [first] = await this.log.store.readStream(stream, 0, 1);
    return first && this.log.codec.decode(first.bytes, first.position);
  }

  /** Everything in a stream, from the beginning. */
  async events(stream: string): Promise<LoggedEvent[]> {
    const events: LoggedEvent[] = [];
    for (;;) {
      const page = await this.log.store.readStream(stream, events.length, pageSize);
      for (const { bytes, position } of page) {
        const recorded = this.log.codec.decode(bytes, position);
        if (!recorded) throw new Error('a stream holds an event this service does not know');
        events.push(recorded.event);
      }
      if (page.length < pageSize) return events;
    }
  }

  async headPosition(): Promise<number> {
    return (await this.log.store.head()).position;
  }
}

/** The one event of a type that a command wrote, if it did. */
export function eventOf<Type extends LoggedEvent['type']>(handled: Pick<Handled<LoggedEvent>, 'events'>, type: Type): RecordedEvent<Extract<LoggedEvent, { type: Type }>> | undefined {
  return handled.events.find(({ event }) => event.type === type) as RecordedEvent<Extract<LoggedEvent, { type: Type }>> | undefined;
}
