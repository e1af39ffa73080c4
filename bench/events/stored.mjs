import { existsSync, globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import mongoose from 'mongoose';
import { Event } from '../../libs/contracts/dist/tillid/event/v1/event.js';
import { eventRecord, sizeOf } from '../../libs/feed-kafka/dist/record.js';
import { services } from '../system/process-usage.mjs';

const { BSON, Binary, Long } = mongoose.mongo;

/** Per service and type of event: how many there are, and how long one is, as an event, as BSON and as a record of Kafka. */
export function logsOf(data) {
  return Object.fromEntries(services.map((service) => [service, logOf(folderOf(data, service))]));
}

function logOf(folder) {
  const database = new DatabaseSync(join(folder, 'log.sqlite'), { readOnly: true });
  const types = {};
  for (const { first, event_count: count, chain, command, fingerprint } of database.prepare('SELECT * FROM commits ORDER BY first').all()) {
    const events = database.prepare('SELECT position, bytes FROM events WHERE position >= ? AND position < ? ORDER BY position').all(first, first + count);
    const streams = database.prepare('SELECT stream, revision FROM streams WHERE position >= ? AND position < ?').all(first, first + count);
    // The document that libs/store-mongo keeps of a commit, shared out among its events.
    const document = { _id: Long.fromNumber(first), n: count, e: events.map(({ bytes }) => new Binary(bytes)), chain: new Binary(chain), s: streams.map(({ stream, revision }) => `${String(stream)}@${String(revision).padStart(16, '0')}`), c: new Binary(command), f: new Binary(fingerprint) };
    const bson = BSON.calculateObjectSize(document) / count;
    for (const { position, bytes } of events) add(types, bytes, bson, sizeOf(eventRecord({ position, chain: Buffer.from(chain), bytes })));
  }
  database.close();
  return { types };
}

/** Averages as they go. */
function add(types, bytes, bson, kafka) {
  const name = Event.decode(bytes).type.split('.').at(-1);
  const of = (types[name] ??= { count: 0, bytes: 0, bson: 0, kafka: 0 });
  of.count += 1;
  of.bytes += (bytes.length - of.bytes) / of.count;
  of.bson += (bson - of.bson) / of.count;
  of.kafka += (kafka - of.kafka) / of.count;
}

/** Bytes of every database, as it is with what its journal holds, and of the log's files. */
export function storedBytes(data) {
  const databases = services.flatMap((service) => globSync('*.sqlite', { cwd: folderOf(data, service) }).map((file) => [`${service}/${file}`, databaseBytes(join(folderOf(data, service), file))]));
  const files = globSync('log/tile/**/*', { cwd: folderOf(data, 'audit'), withFileTypes: true }).filter((entry) => entry.isFile());
  const bytesOf = (wanted) => files.filter(wanted).reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
  const isBundle = ({ parentPath }) => parentPath.includes('/tile/entries');
  return { ...Object.fromEntries(databases), 'audit/log, entry bundles': bytesOf(isBundle), 'audit/log, hash tiles': bytesOf((entry) => !isBundle(entry)) };
}

function databaseBytes(path) {
  const database = new DatabaseSync(path, { readOnly: true });
  const value = (name) => Object.values(database.prepare(`PRAGMA ${name}`).get())[0];
  const bytes = (value('page_count') - value('freelist_count')) * value('page_size');
  database.close();
  return bytes;
}

function folderOf(data, service) {
  const folder = join(data, service);
  if (!existsSync(folder)) throw new Error(`no ${folder}: is the data folder laid out anew?`);
  return folder;
}
