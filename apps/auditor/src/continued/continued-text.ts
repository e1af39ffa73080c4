import type { Continued } from './continued.js';

/** For people: what this is, what is still proved, and what to do with the old. */
export function continuedLines({ origin, former, formerSize, kept, lostBecause, vouchedFor, seen, vkey }: Continued): string[] {
  return [
    `growth   ANOTHER LOG: ${origin} is not ${former}, and is none of its growth`,
    `         it says that it continues it (${lostBecause}): last known checkpoint ${formerSize} entries, of ${kept} that were left all stand here again`,
    vouchedFor ? '         that log\'s own key has signed the name and key of this one' : '         NOT signed by that log\'s key: whoever runs it says so, and nobody else',
    ...(seen ? [seen.standsHere ? `         proved: all ${seen.size} entries under the checkpoint kept stand in it, the same and in their order` : `         not proved: that the ${seen.size} entries under the checkpoint kept all stand in it`] : []),
    `         receipts and checkpoints of ${former} stay what they are, under its key: keep both`,
    `         whoever accepts this log begins a new --state, with the key ${vkey}`,
  ];
}
