import { Schema, type Connection } from 'mongoose';
import { readModelKind, shapesOf, type CollectionShape, type IndexShape, type MongoPlan } from './collection-shapes.js';
import { isDuplicateKey } from './duplicate-key.js';
import type { MongoDatabase } from './open-mongo.js';

/** The database is not as the program needs it; the message names everything that is missing or different. */
export class NotMigrated extends Error {
  override readonly name = 'NotMigrated';
}

/** What each collection holds, told by the program that made it. */
interface Registered {
  readonly _id: string;
  readonly kind: string;
  readonly version: number;
}

const registry = 'collections';
const alreadyExists = 48;
const noSuchCollection = 26;

/**
 * Makes every collection and index of the plan that is missing. Repeatable, and several may run it at once; a crash
 * leaves less than all, which the next run makes. Throws NotMigrated, having made nothing, where something is there
 * and different: only a person knows what that is.
 */
export async function migrate(database: MongoDatabase, plan: MongoPlan): Promise<void> {
  const shapes = shapesOf(plan);
  const findings = await findingsOf(database, shapes);
  refuse(database, findings.filter(({ mendable }) => !mendable));
  for (const shape of shapes) {
    await makeCollection(database.connection, shape.collection);
    if (shape.indexes.length > 0) await database.connection.collection(shape.collection).createIndexes(shape.indexes.map((index) => ({ ...index })));
    // Last: what is registered has its indexes.
    await register(database, shape);
  }
}

/** Start-up's check: throws NotMigrated unless everything is there. Makes nothing. */
export async function requireMigrated(database: MongoDatabase, plan: MongoPlan): Promise<void> {
  refuse(database, await findingsOf(database, shapesOf(plan)));
}

interface Finding {
  readonly text: string;
  /** By `migrate`. */
  readonly mendable: boolean;
}

function refuse({ name }: MongoDatabase, findings: readonly Finding[]): void {
  if (findings.length === 0) return;
  const advice = findings.every(({ mendable }) => mendable) ? ': run `migrate`' : '';
  throw new NotMigrated(`the database ${name} is not as it should be${advice}: ${findings.map(({ text }) => text).join('; ')}`);
}

async function findingsOf(database: MongoDatabase, shapes: readonly CollectionShape[]): Promise<readonly Finding[]> {
  const registered = await registryOf(database).find({ _id: { $in: shapes.map(({ collection }) => collection) } }).lean<Registered[]>();
  const known = new Map(registered.map((each) => [each._id, each]));
  const findings = await Promise.all(shapes.map(async (shape) => {
    const found = known.get(shape.collection);
    return [...registeredFindings(shape, found), ...indexFindings(shape, await indexesOf(database.connection, shape.collection))];
  }));
  return findings.flat();
}

function registeredFindings({ collection, kind, version }: CollectionShape, found: Registered | undefined): Finding[] {
  if (!found) return [{ text: `${collection} (${kind}) is missing`, mendable: true }];
  if (found.kind !== kind) return [{ text: `${collection} is kept as ${found.kind}, not as ${kind}`, mendable: false }];
  if (found.version > version) return [{ text: `${collection} was written by a newer Tillid (version ${found.version}, known ${version})`, mendable: false }];
  return [];
}

function indexFindings({ collection, kind, indexes }: CollectionShape, found: readonly IndexShape[]): Finding[] {
  const byName = new Map(found.map((index) => [index.name, index]));
  const missingOrOther = indexes.flatMap((index) => {
    const other = byName.get(index.name);
    if (!other) return [{ text: `${collection} has no index ${index.name}`, mendable: true }];
    return sameIndex(index, other) ? [] : [{ text: `index ${index.name} of ${collection} is another than declared`, mendable: false }];
  });
  // An index an operator added does no harm; one of an older declaration has documents without the newer one's keys.
  const undeclared = kind !== readModelKind ? [] : found.filter(({ name }) => name.startsWith('i.') && !indexes.some((index) => index.name === name));
  return [...missingOrOther, ...undeclared.map(({ name }) => ({ text: `${collection} changed its indexes without a new version (${name})`, mendable: false }))];
}

function sameIndex(left: IndexShape, right: IndexShape): boolean {
  const plain = ({ key, unique = false, sparse = false }: IndexShape): string => JSON.stringify([Object.entries(key), unique, sparse]);
  return plain(left) === plain(right);
}

async function indexesOf(connection: Connection, collection: string): Promise<readonly IndexShape[]> {
  try {
    return (await connection.collection(collection).indexes()) as unknown as IndexShape[];
  } catch (error) {
    if ((error as { code?: unknown }).code === noSuchCollection) return [];
    throw error;
  }
}

async function makeCollection(connection: Connection, collection: string): Promise<void> {
  try {
    await connection.createCollection(collection);
  } catch (error) {
    if ((error as { code?: unknown }).code !== alreadyExists) throw error;
  }
}

async function register(database: MongoDatabase, { collection, kind, version }: CollectionShape): Promise<void> {
  try {
    await registryOf(database).updateOne({ _id: collection }, { $set: { kind, version } }, { upsert: true });
  } catch (error) {
    // Another migration was first with the same.
    if (!isDuplicateKey(error)) throw error;
  }
}

function registryOf(database: MongoDatabase) {
  const schema = () => new Schema<Registered>({ _id: String, kind: String, version: Number }, { versionKey: false, autoIndex: false, autoCreate: false });
  return database.model<Registered>(registry, schema);
}
