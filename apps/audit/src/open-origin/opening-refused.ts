export type OpeningRefusal = 'origin.not_lost' | 'origin.no_log' | 'origin.no_checkpoint' | 'origin.checkpoint_refused' | 'origin.own_log_differs' | 'origin.needs_files' | 'origin.former_there';

/** Why no new origin is opened. Stable; the detail is for the operator. */
export class OpeningRefused extends Error {
  override readonly name = 'OpeningRefused';

  constructor(
    readonly reason: OpeningRefusal,
    readonly detail: string,
    options?: ErrorOptions,
  ) {
    super(`${reason}: ${detail}`, options);
  }
}
