/** Ends a command with a sentence for people, without a stack. Exit codes: 1 found something wrong, 2 could not look. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';

  constructor(
    message: string,
    readonly exitCode: 1 | 2,
  ) {
    super(message);
  }
}
