const width = 30;

export interface ProgressBar {
  at(done: number, total: number): void;
  /** Wipes it: results come on a clean line. */
  end(): void;
}

/** On stderr and only on a terminal: what is piped or kept holds results alone. Drawn ten times a second at most. */
export function progressBar(what: string, stream: NodeJS.WriteStream = process.stderr): ProgressBar {
  if (!stream.isTTY) return { at: () => {}, end: () => {} };
  let drawnAt = -Infinity;
  return {
    at(done, total) {
      const now = performance.now();
      if (now - drawnAt < 100 && done < total) return;
      drawnAt = now;
      const full = total === 0 ? width : Math.round((done / total) * width);
      stream.write(`\r\x1b[2K${what} [${'#'.repeat(full)}${'.'.repeat(width - full)}] ${done}/${total}`);
    },
    end: () => void stream.write('\r\x1b[2K'),
  };
}
