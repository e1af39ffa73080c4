import { signCheckpoint } from './checkpoint.js';
import { checkpointPath, partialsFolder } from './layout.js';
import type { LogFiles } from './log-files.js';
import type { NoteSigner } from './note-key.js';
import { edgeRoot, emptyEdge, growEdge, type RightEdge } from './right-edge.js';

/** A whole log in a map, grown the way the files are: what specs hold against, and the shortest description of a log. */
export class InMemoryLog implements LogFiles {
  readonly files = new Map<string, Uint8Array>();
  edge: RightEdge = emptyEdge;

  constructor(private readonly signer: NoteSigner) {
    this.sign();
  }

  append(entries: readonly Uint8Array[], keepPartials = false): void {
    const growth = growEdge(this.edge, entries);
    for (const { path, bytes } of [...growth.bundles, ...growth.tiles]) this.files.set(path, Uint8Array.from(bytes));
    this.edge = growth.edge;
    this.sign();
    if (keepPartials) return;
    for (const full of growth.completed) for (const path of this.files.keys()) if (path.startsWith(`${partialsFolder(full)}/`)) this.files.delete(path);
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    return this.files.get(path);
  }

  list(): Iterable<string> {
    return this.files.keys();
  }

  private sign(): void {
    const checkpoint = signCheckpoint({ origin: this.signer.name, size: this.edge.size, root: edgeRoot(this.edge) }, [this.signer]);
    this.files.set(checkpointPath, Buffer.from(checkpoint, 'utf8'));
  }
}
