/** The files of a log, wherever they are: a folder, a web server, a map in a test. */
export interface LogFiles {
  /** Content of a file by its path in the log (`checkpoint`, `tile/0/000`); undefined when it is not there. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Folder mode: every path there is, in any order. With it, partial tiles left behind are checked too. */
  list?(): AsyncIterable<string> | Iterable<string>;
}

/** Called once for each entry that is proven to stand in the checkpoint's tree, in order. The bytes are valid during the call. */
export type OnEntry = (entry: Uint8Array, leafIndex: number) => void | Promise<void>;
