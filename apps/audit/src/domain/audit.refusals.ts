import { refusals } from '@tillid/kernel';

export const refuse = refusals({
  /** No such entry, or not the caller's to see: the two are not told apart. */
  'entry.unknown': 'not_found',
  'receipt.not_yet': 'busy',
  /** A cosigned receipt was asked for where no witness is. */
  'receipt.no_witnesses': 'precondition',
  /** The log is so new that nothing is signed. */
  'checkpoint.not_yet': 'busy',
  /** No tree has been seen by the quorum of witnesses since this service started, or none is asked. */
  'checkpoint.not_cosigned': 'not_found',
  /** No head of one's own log is committed yet. */
  'own_log.not_yet': 'busy',
  /** The caller has more events than its log. */
  'own_log.number_ahead': 'precondition',
  'replay.position_ahead': 'precondition',
  'replay.token_malformed': 'invalid',
  /** What is dated until then is not settled: it is less than two seconds ago, or to come. */
  'replay.instant_ahead': 'precondition',
  /** An entry that audit has seen a head of by then is still on its way into the ledger. */
  'replay.not_yet': 'busy',
  'call.malformed': 'invalid',
});

/** Why nothing is signed. Each is a fault: what is stored and what was signed do not belong together. */
export class WillNotSign extends Error {
  override readonly name = 'WillNotSign';

  constructor(
    readonly reason: 'log.origin_changed' | 'log.key_missing' | 'log.record_missing' | 'log.record_malformed' | 'log.edge_differs' | 'log.ledger_shorter' | 'log.ledger_differs' | 'log.file_differs' | 'log.other_signer' | 'log.own_log_differs' | 'log.opening_unfinished',
    options?: ErrorOptions,
  ) {
    super(reason, options);
  }
}
