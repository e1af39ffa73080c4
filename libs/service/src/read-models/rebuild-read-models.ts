import { CannotApply, positionsAsOf, rebuild, sourceIn, type AsOf, type FollowedReadModel, type FollowedReadModels, type Leaves, type ReadModelStore } from '@tillid/eventsourcing';

export interface RebuildWish {
  /** Default: everything there is. */
  readonly asOf?: AsOf;
  /** By consumer: stop there, whatever `asOf` says. */
  readonly at?: ReadonlyMap<string, number>;
}

export interface RebuiltReadModel {
  /** The consumer's, as in `tillid status`. */
  readonly name: string;
  readonly version: number;
  /** As ReadModelTable.digest has it. */
  readonly digest: string;
  readonly documents: number;
  readonly source: string;
  /** The last one taken in: less than wished where the ledger ends before it, or where it was stopped. */
  readonly position: number;
  /** The event right after `position` cannot be applied: a running service is parked there. */
  readonly stopped?: { readonly position: number; readonly reason: string };
}

export interface RebuiltReadModels {
  /** As of what was asked for: where each source stands in the ledger, and the ledger itself. */
  readonly positions: Readonly<Record<string, number>>;
  readonly readModels: readonly RebuiltReadModel[];
}

/** Builds a service's read models on an empty store, by its own projections, from the leaves of the ledger. */
export async function rebuildReadModels(models: FollowedReadModels, store: ReadModelStore, leaves: Leaves, { asOf, at = new Map() }: RebuildWish = {}): Promise<RebuiltReadModels> {
  const positions = await positionsAsOf(leaves, asOf);
  const readModels: RebuiltReadModel[] = [];
  const unknown = new Set(at.keys());
  for (const model of Object.values(models)) {
    const built = await rebuildOne(model, store, leaves, (name) => at.get(name) ?? positions.get(model.source) ?? 0);
    unknown.delete(built.name);
    readModels.push(built);
  }
  if (unknown.size > 0) throw new UnknownReadModel(`there is no read model ${[...unknown].join(', ')}`);
  return { positions: Object.fromEntries([...positions].toSorted(([left], [right]) => (left < right ? -1 : 1))), readModels };
}

export class UnknownReadModel extends Error {
  override readonly name = 'UnknownReadModel';
}

async function rebuildOne({ source, model, open }: FollowedReadModel, store: ReadModelStore, leaves: Leaves, untilOf: (name: string) => number): Promise<RebuiltReadModel> {
  const consumer = await open(store);
  const stopped = await rebuild(consumer, [{ ...sourceIn(leaves, source), until: untilOf(consumer.name) }]).then(() => undefined, (error: unknown) => {
    if (error instanceof CannotApply) return { position: error.position, reason: error.reason };
    throw error;
  });
  const found = await consumer.table.snapshot(consumer.checkpointName, [source]);
  if (!found) throw new Error(`somebody else writes ${consumer.name} of this store`);
  return { name: consumer.name, version: model.version, digest: found.digest, documents: found.documents, source, position: found.positions[source]!, ...(stopped && { stopped }) };
}
