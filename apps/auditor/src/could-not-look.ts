/** Nothing is said about the log: exit code 2. Never thrown for something found wrong. */
export class CouldNotLook extends Error {
  override readonly name = 'CouldNotLook';
}
