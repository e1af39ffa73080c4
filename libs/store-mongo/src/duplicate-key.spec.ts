import { describe, expect, it } from 'vitest';
import { plainDuplicateKey } from './duplicate-key.js';

const message = (index: string): string => `E11000 duplicate key error collection: tillid-consent.log index: ${index} dup key: { x: "index: c dup key: no" }`;
const batchError = (writeError: object, more: object = {}) => ({ code: 11_000, writeErrors: [{ index: 2, code: 11_000, ...writeError }], ...more });

describe('an index that refused a document of a batch', () => {
  it('is known by its key pattern, before all else', () => {
    expect(plainDuplicateKey(batchError({ keyPattern: { s: 1 }, errmsg: message('c') }))).toEqual({ index: 2, field: 's' });
    expect(plainDuplicateKey(batchError({ err: { keyPattern: { _id: 1 } } }))).toEqual({ index: 2, field: '_id' });
  });
  it.each([['_id_', '_id'], ['s', 's'], ['u', 'u'], ['r', 'r'], ['c', 'c']])('is known by its name in the message: %s', (name, field) => {
    expect(plainDuplicateKey(batchError({ errmsg: message(name) }))).toEqual({ index: 2, field });
    expect(plainDuplicateKey(batchError({ errmsg: message(`${name} collation: { locale: "da" }`) }))).toEqual({ index: 2, field });
  });
  it.each([['no message'], ['E11000 duplicate key error'], [undefined]])('is not known when nothing names it (%s): the stored documents are asked', (errmsg) => {
    expect(plainDuplicateKey(batchError({ errmsg }))).toEqual({ index: 2, field: undefined });
  });
});

describe('an error that is no plain duplicate', () => {
  it.each([
    ['another code', { code: 64, writeErrors: [] }],
    ['no code', new Error('connection closed')],
    ['nothing at all', undefined],
    ['no refused document', { code: 11_000, writeErrors: [] }],
    ['no list of refused documents', { code: 11_000 }],
    ['two refused documents', { code: 11_000, writeErrors: [{ index: 0, code: 11_000 }, { index: 1, code: 11_000 }] }],
    ['a document refused for another reason', { code: 11_000, writeErrors: [{ index: 0, code: 121 }] }],
    ['no place in the batch', { code: 11_000, writeErrors: [{ code: 11_000 }] }],
    ['a majority that was not reached as well', batchError({ errmsg: message('s') }, { result: { getWriteConcernError: () => ({ code: 64 }) } })],
  ])('says nothing of what is stored: %s', (_, error) => {
    expect(plainDuplicateKey(error)).toBeUndefined();
  });
  it('is not made of a plain one by a majority that was reached', () => {
    expect(plainDuplicateKey(batchError({ errmsg: message('s') }, { result: { getWriteConcernError: () => undefined } }))).toEqual({ index: 2, field: 's' });
  });
});
