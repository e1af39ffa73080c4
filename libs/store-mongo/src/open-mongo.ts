import { createConnection, type Connection, type Model, type Schema } from 'mongoose';
import './driver-connection.js';

export interface MongoOptions {
  /** A replica set's address; `tls=true` in it asks for `tls`. */
  readonly url: string;
  readonly database: string;
  /** This service's own certificate and what it trusts, as PEM. */
  readonly tls?: { readonly key: Buffer | string; readonly cert: Buffer | string; readonly ca: Buffer | string };
  /** After so long without a word from the server a command has failed. Default 5,000; building indexes over many documents needs more. */
  readonly silenceMs?: number;
  /** Lets a listener on the client see what is sent. Default false. */
  readonly monitorCommands?: boolean;
}

/** One connection, shared by every store of a process that keeps its data in the same database. */
export interface MongoDatabase {
  readonly name: string;
  readonly connection: Connection;
  /** The model of a collection, compiled once. */
  model<Document extends object>(collection: string, schema: () => Schema<Document>): Model<Document>;
  close(): Promise<void>;
}

const defaultSilenceMs = 5_000;
const maxConnections = 16;

/**
 * Nothing waits for ever: a server that cannot be found, a connection that is not given, a reply that does not come,
 * each is an error within seconds. Writes are answered when a majority has them in its journal; reads see only what
 * a majority has, so that nothing read is ever taken back.
 */
export async function openMongo({ url, database, tls, silenceMs = defaultSilenceMs, monitorCommands = false }: MongoOptions): Promise<MongoDatabase> {
  const connection = await createConnection(url, {
    dbName: database,
    appName: 'tillid',
    // Indexes are made by `migrate`, never as a side effect of starting.
    autoIndex: false,
    autoCreate: false,
    bufferCommands: false,
    // A majority that does not answer is said by the server itself, before the connection is given up.
    writeConcern: { w: 'majority', journal: true, wtimeoutMS: Math.floor(silenceMs * 0.8) },
    readConcern: { level: 'majority' },
    readPreference: 'primary',
    promoteBuffers: true,
    maxPoolSize: maxConnections,
    waitQueueTimeoutMS: silenceMs,
    serverSelectionTimeoutMS: silenceMs,
    connectTimeoutMS: silenceMs,
    socketTimeoutMS: silenceMs,
    monitorCommands,
    ...tls,
  }).asPromise();
  return {
    name: database,
    connection,
    model: <Document extends object>(collection: string, schema: () => Schema<Document>) =>
      (connection.models[collection] as Model<Document> | undefined) ?? connection.model<Document>(collection, schema(), collection),
    close: () => connection.close(),
  };
}
