import type { Decider } from '@tillid/eventsourcing';
import type { CitizenKeyEvent } from './identity.messages.js';
import { refuse } from './identity.refusals.js';

export type CitizenKeyCommand =
  | { readonly type: 'CreateKey'; readonly citizenId: string }
  /** The first use of a UTC day by a service: recorded before the key is given. */
  | { readonly type: 'UseKey'; readonly citizenId: string; readonly service: string; readonly day: string }
  /** The rest of a day that is over. */
  | { readonly type: 'CountKeyUses'; readonly citizenId: string; readonly service: string; readonly day: string; readonly count: number }
  | { readonly type: 'DestroyKey'; readonly citizenId: string };

export type CitizenKey = 'none' | 'live' | 'destroyed';

/** Stream citizen-key-<citizen id>: that there is a key, who used it, and that it is gone. */
export const citizenKey: Decider<CitizenKeyCommand, CitizenKey, CitizenKeyEvent> = {
  initial: 'none',

  decide(command, state) {
    const { citizenId } = command;
    switch (command.type) {
      case 'CreateKey':
        // A key that was destroyed is never made again: what it sealed must stay closed.
        return state === 'none' ? [{ type: 'EncryptionKeyCreated', citizenId }] : [];
      case 'UseKey':
        if (state === 'destroyed') throw refuse('key_ring.key_destroyed');
        return state === 'none' ? [] : [used(command, 1)];
      case 'CountKeyUses':
        // Also after the key was destroyed: these uses came before, and the record of an act outlives the key.
        return state === 'none' || command.count < 1 ? [] : [used(command, command.count)];
      case 'DestroyKey':
        if (state === 'none') throw refuse('identity.citizen_unknown');
        if (state === 'destroyed') throw refuse('identity.citizen_closed');
        return [{ type: 'EncryptionKeyDestroyed', citizenId }];
    }
  },

  evolve(state, event) {
    switch (event.type) {
      case 'EncryptionKeyCreated':
        return 'live';
      case 'EncryptionKeyUsed':
        return state;
      case 'EncryptionKeyDestroyed':
        return 'destroyed';
    }
  },
};

function used({ citizenId, service, day }: { citizenId: string; service: string; day: string }, count: number): CitizenKeyEvent {
  return { type: 'EncryptionKeyUsed', citizenId, service, day, count };
}
