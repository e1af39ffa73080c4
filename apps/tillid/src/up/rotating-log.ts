import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

const bytesMax = 10 * 1024 * 1024;
const kept = 3;

/** A log file that never outgrows its bound: at 10 MiB it becomes `.1`, that one `.2`, and what was `.3` is gone. */
export class RotatingLog {
  private file: number;
  private bytes: number;

  constructor(
    private readonly path: string,
    private readonly bytesLimit = bytesMax,
  ) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.file = openSync(path, 'a', 0o600);
    this.bytes = fstatSync(this.file).size;
  }

  write(chunk: Uint8Array): void {
    if (this.bytes > 0 && this.bytes + chunk.length > this.bytesLimit) this.rotate();
    writeSync(this.file, chunk);
    this.bytes += chunk.length;
  }

  close(): void {
    closeSync(this.file);
  }

  private rotate(): void {
    closeSync(this.file);
    for (let number = kept; number >= 1; number--) renameIfThere(number === 1 ? this.path : `${this.path}.${number - 1}`, `${this.path}.${number}`);
    this.file = openSync(this.path, 'a', 0o600);
    this.bytes = 0;
  }
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
