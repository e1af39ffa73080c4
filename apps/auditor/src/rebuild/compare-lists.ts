import { CouldNotLook } from '../could-not-look.js';

/** A service's read model, as the service says it is or as its program made it from the ledger. */
export interface List {
  /** Of the consumer that keeps it. */
  readonly name: string;
  readonly version: number;
  readonly digest: string;
  readonly documents: number;
  readonly source: string;
  readonly position: number;
}

export interface RebuiltList extends List {
  readonly stopped?: { readonly position: number; readonly reason: string } | undefined;
}

export type ListVerdict =
  /** The same documents at the same position. */
  | 'same'
  /** Other documents: it was written to by something else than the projection, or the projection is not a function of the events. */
  | 'list.differs'
  /** The service has taken in what the ledger does not have, or what its program cannot apply. */
  | 'list.ahead'
  /** Built, and compared with nothing. */
  | 'built';

export interface ComparedList extends List {
  readonly service: string;
  readonly verdict: ListVerdict;
  readonly live?: List;
  readonly stopped?: RebuiltList['stopped'];
}

/** What the ledger gives, against what the service has: both of the same program, or it says nothing. */
export function compareLists(service: string, rebuilt: readonly RebuiltList[], live: readonly List[]): ComparedList[] {
  const titles = (lists: readonly List[]) => lists.map(({ name, version, source }) => `${name}@${version} of ${source}`).sort().join(', ');
  if (titles(rebuilt) !== titles(live)) throw new CouldNotLook(`the program at hand is not the ${service} that runs: it keeps ${titles(rebuilt)}, and the service ${titles(live)}`);
  return rebuilt.map((list) => {
    const theirs = live.find(({ name }) => name === list.name)!;
    const verdict = list.position !== theirs.position ? 'list.ahead' : list.digest === theirs.digest ? 'same' : 'list.differs';
    return { ...list, service, verdict, live: theirs };
  });
}

export function explained({ service, name, version, source, position, digest, documents, verdict, live, stopped }: ComparedList): string {
  const where = `${service} ${name}@${version}`;
  if (verdict === 'list.differs') return `${where}  at ${source}@${position} the service has ${live?.documents} documents, ${live?.digest}; the ledger gives ${documents}, ${digest}`;
  const why = stopped ? `${stopped.reason} at ${stopped.position}` : `the ledger has ${position} events of it`;
  return `${where}  the service has taken in ${source}@${live?.position}; ${why}`;
}
