const width = 28;

/** One line, drawn over itself; a line per scene where there is no terminal. Speaks on stderr: stdout is for results. */
export function progressBar(stream: NodeJS.WriteStream): { readonly at: (what: string, done: number, total: number) => void; readonly end: () => void } {
  if (!stream.isTTY) {
    let last = '';
    return {
      at(what) {
        if (what !== last) stream.write(`  ${what}\n`);
        last = what;
      },
      end() {},
    };
  }
  return {
    at(what, done, total) {
      const full = Math.round((done / total) * width);
      stream.write(`\r\x1b[2K  [${'#'.repeat(full)}${'.'.repeat(width - full)}] ${String(done).padStart(String(total).length)}/${total}  ${what}`);
    },
    end: () => stream.write('\r\x1b[2K'),
  };
}
