/**
 * Ends a command line, exit code as set, once stdout and stderr have taken everything: writes to a pipe wait in memory
 * while its reader is slow, and `process.exit` drops them. Nothing else is waited for: a connection to a service that
 * accepts and never answers would hold the process for ever. A reader that has hung up has what it wants.
 */
export async function exitWhenSaid(): Promise<never> {
  await Promise.all(
    [process.stdout, process.stderr].map((stream) => {
      stream.on('error', () => {});
      return new Promise<void>((resolve) => void stream.write('', () => resolve()));
    }),
  );
  process.exit();
}
