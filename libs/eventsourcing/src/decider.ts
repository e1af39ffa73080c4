/** The rules of one stream, pure: no clock, no I/O, no randomness; ids and time arrive inside the command. */
export interface Decider<Command, State, Event> {
  readonly initial: State;
  /** Throws Refused, or answers the events to append; none when there is nothing to do. */
  decide(command: Command, state: State): readonly Event[];
  /** No `default` branch: a new event must break the build. */
  evolve(state: State, event: Event): State;
}

export function fold<Command, State, Event>(decider: Decider<Command, State, Event>, events: Iterable<Event>, from: State = decider.initial): State {
  let state = from;
  for (const event of events) state = decider.evolve(state, event);
  return state;
}
