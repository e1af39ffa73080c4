import { inTheDatabase } from './lists.js';
import type { Act } from './kinds.js';

/** The line of what Anna was asked, in the list of consents. */
const annas = `WHERE key = 'annas'`;
const edited = (field: string, value: string) => `document = json_set(document, '$.${field}', ${value})`;
/** Of the lines of Anna's own log the second: her consent. */
const second = `WHERE key = 'citizen/anna 2'`;

export const byDatabase = {
  'P01': inTheDatabase({ service: 'consent', list: 'consents', sql: [`UPDATE "consents@1" SET ${edited('status', "'requested'")} ${annas}`] }),
  'P02': inTheDatabase({ service: 'consent', list: 'consents', sql: [`DELETE FROM "consents@1" ${annas}`] }),
  'P03': inTheDatabase({ service: 'consent', list: 'consents', sql: [`UPDATE "consents@1" SET "index bySubject" = (SELECT "index bySubject" FROM "consents@1" WHERE key = 'bents') ${annas}`] }),
  'P04': inTheDatabase({ service: 'consent', list: 'clients', sql: [`UPDATE "clients@1" SET ${edited('dataProvider', "json('true')")} WHERE key = 'bank'`] }),
  'P05': inTheDatabase({ service: 'consent', list: 'closed-citizens', sql: [`DELETE FROM "closed-citizens@1"`] }),
  'P06': inTheDatabase({ service: 'identity', list: 'on-subject-linked', sql: [`UPDATE "subjects@1" SET ${edited('citizenId', "'bent'")} WHERE key = 'p-anna'`] }),
  'P07': inTheDatabase({ service: 'authentication', list: 'citizens', sql: [`UPDATE "citizens@1" SET ${edited('status', "'active'")} WHERE key = 'carl'`] }),
  'P08': inTheDatabase({ service: 'audit', list: 'access-entries', sql: [`DELETE FROM "access-entries@2" WHERE key = (SELECT MAX(CAST(key AS INTEGER)) FROM "access-entries@2")`] }),
  'P09': inTheDatabase({ service: 'audit', list: 'access-entries', sql: [`INSERT INTO "access-entries@2" (key, document, positions) SELECT '0', json_set(document, '$.leafIndex', 0, '$.clientId', 'tax'), positions FROM "access-entries@2" LIMIT 1`] }),
  'P10': inTheDatabase({
    service: 'audit', list: 'own-logs',
    // Her second line goes, the third takes its number: without a hole.
    sql: [`DELETE FROM "own-log-lines@1" ${second}`, `UPDATE "own-log-lines@1" SET key = 'citizen/anna 2', document = json_set(document, '$.number', 2) WHERE key = 'citizen/anna 3'`],
  }),
  'P11': inTheDatabase({ service: 'audit', list: 'own-logs', sql: [`UPDATE "own-log-lines@1" SET "index byOwner" = NULL ${second}`] }),
  'P12': inTheDatabase({ service: 'consent', list: 'consents', sql: [`UPDATE checkpoints SET position = position + 3 WHERE consumer = 'consents@1'`] }),
  'P13': inTheDatabase({ service: 'consent', list: 'consents', beforeTheLast: true, sql: [`UPDATE checkpoints SET position = position + 3 WHERE consumer = 'consents@1'`] }),
  'P14': inTheDatabase({ service: 'consent', list: 'consents', beforeTheLast: true, sql: [`UPDATE "consents@1" SET positions = '{"consent/0":1000000}' ${annas}`] }),
  'P15': inTheDatabase({ service: 'audit', list: 'access-entries', beforeTheLast: true, sql: [`CREATE TRIGGER unseen AFTER INSERT ON "access-entries@2" BEGIN DELETE FROM "access-entries@2" WHERE key = new.key; END`] }),
  'P16': inTheDatabase({
    service: 'consent', list: 'consents', sql: [],
    // Her consent is in the table, and says where it belongs; the index by which pages are read has never heard of it.
    beneath(database) {
      const { sql } = database.prepare("SELECT sql FROM sqlite_schema WHERE name = 'consents@1 bySubject'").get() as { sql: string };
      database.exec(`DROP INDEX "consents@1 bySubject"; ${sql} AND key <> 'annas'; PRAGMA writable_schema = 1`);
      database.prepare("UPDATE sqlite_schema SET sql = ? WHERE name = 'consents@1 bySubject'").run(sql);
    },
  }),
} satisfies Record<string, Act>;
