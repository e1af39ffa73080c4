import type { ReadModel, ReadModelStore } from '../read-model.js';
import type { DomainEvent } from '../recorded-event.js';
import { projectionConsumer, type Projection, type ProjectionConsumer } from './projection.js';

/** A read model as a service declares it, once: whom it follows, what it keeps, and how its consumer is made on a store. */
export interface FollowedReadModel<Document extends object = object> {
  /** "consent/0", or the ledger. */
  readonly source: string;
  readonly model: Pick<ReadModel<never>, 'name' | 'version' | 'indexes'>;
  open(store: ReadModelStore): Promise<ProjectionConsumer<Document>>;
}

/** All that a service has, by the names its own code calls them. What follows and what rebuilds are made of this one list. */
export type FollowedReadModels = Readonly<Record<string, FollowedReadModel>>;

export interface OpenReadModel<Document extends object = object> {
  readonly source: string;
  readonly version: number;
  readonly consumer: ProjectionConsumer<Document>;
}

export type OpenReadModels<Models extends FollowedReadModels> = { readonly [Name in keyof Models]: Models[Name] extends FollowedReadModel<infer Document> ? OpenReadModel<Document> : never };

export function followed<Document extends object, E extends DomainEvent>(source: string, declared: Projection<Document, E>): FollowedReadModel<Document> {
  return { source, model: declared.model, open: (store) => projectionConsumer(declared, store) };
}

export async function openReadModels<Models extends FollowedReadModels>(models: Models, store: ReadModelStore): Promise<OpenReadModels<Models>> {
  const opened = await Promise.all(Object.entries(models).map(async ([name, { source, model, open }]) => [name, { source, version: model.version, consumer: await open(store) }] as const));
  return Object.fromEntries(opened) as OpenReadModels<Models>;
}
