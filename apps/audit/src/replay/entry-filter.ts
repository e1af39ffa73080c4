import type { ReplayFilter } from '@tillid/contracts/audit/v1/service';
import { Outcome } from '@tillid/contracts/event/v1/event';
import { decodeEnvelope } from '@tillid/eventsourcing';
import { refuse } from '../domain/audit.refusals.js';

const valuesMax = 100;
const charactersMax = 200;

/** By field number of the envelope (proto/tillid/event/v1/event.proto). */
const fields = { sources: 3, types: 4, subjects: 9, clientIds: 11, outcomes: 16 } as const;
const names = { sources: 'source', types: 'type', subjects: 'subject', clientIds: 'client', outcomes: 'outcome' } as const;
const kinds = Object.keys(fields) as (keyof typeof fields)[];

export interface EntryFilter {
  /** "source", "subject" ...: what it looks at, never what for. */
  readonly filteredBy: readonly string[];
  /** The same text for the same filter, whatever order or how often its values came in. */
  readonly canonical: string;
  readonly passes: (entry: FieldText) => boolean;
}

/** Undefined where everything passes. Refuses what is too much, and an outcome that is none. */
export function entryFilter(asked: ReplayFilter | undefined): EntryFilter | undefined {
  const wanted = kinds.filter((kind) => (asked?.[kind].length ?? 0) > 0).map((kind) => ({ kind, values: valuesOf(kind, asked![kind]) }));
  if (wanted.length === 0) return undefined;
  const tests = wanted.map(({ kind, values }) => ({ field: fields[kind], values: new Set(values.map((value) => (kind === 'outcomes' ? value : Buffer.from(value).toString('latin1')))) }));
  return {
    filteredBy: wanted.map(({ kind }) => names[kind]),
    canonical: JSON.stringify(wanted.map(({ kind, values }) => [kind, values])),
    passes: (entry) => tests.every(({ field, values }) => values.has(entry(field))),
  };
}

function valuesOf(kind: keyof typeof fields, asked: readonly (string | number)[]): string[] {
  const fault = (description: string) => refuse('call.malformed', { fields: [{ field: `filter.${kind}`, description }] });
  if (asked.length > valuesMax) throw fault(`must be at most ${valuesMax}`);
  const values = [...new Set(asked.map(String))].sort();
  if (values.some((value) => value === '' || value.length > charactersMax)) throw fault(`must be 1 to ${charactersMax} characters each`);
  if (kind === 'outcomes' && values.some((value) => !/^[123]$/.test(value))) throw fault('must be ok, refused or failed');
  return values;
}

/** The bytes of a string field one to a character, empty where there is none; of the outcome, its result. */
export type FieldText = (field: number) => string;

/** The fields that entries are chosen by, without decoding the others. */
export function fieldsOf(bytes: Uint8Array): FieldText {
  return scanned(bytes) ?? decoded(bytes);
}

export function sourceOf(entry: FieldText): string {
  return entry(fields.sources);
}

/**
 * The last one of a number counts, as in every protobuf reader; undefined for anything that no writer of ours makes,
 * which is then decoded in full.
 */
function scanned(bytes: Uint8Array): FieldText | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const starts = new Int32Array(lastField + 1);
  const ends = new Int32Array(lastField + 1);
  let at = 0;
  while (at < view.length) {
    let tag = view[at++]!;
    if (tag > 0x7f) {
      const high = view[at++];
      if (high === undefined || high > 0x7f) return undefined;
      tag = (tag & 0x7f) | (high << 7);
    }
    const field = tag >> 3;
    const wireType = tag & 7;
    if (field === 0 || field > lastField) return undefined;
    if (wireType === 0) {
      while ((view[at] ?? 0) > 0x7f) at++;
      at++;
      continue;
    }
    if (wireType !== 2) return undefined;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = view[at++];
      if (byte === undefined || shift > 14) return undefined;
      length |= (byte & 0x7f) << shift;
      if (byte <= 0x7f) break;
    }
    starts[field] = at;
    at += length;
    ends[field] = at;
  }
  if (at !== view.length) return undefined;
  return (field) => {
    if (field !== fields.outcomes) return view.toString('latin1', starts[field], ends[field]);
    return ends[field] === 0 ? '' : String(Outcome.decode(view.subarray(starts[field], ends[field])).result);
  };
}

const lastField = 21;

function decoded(bytes: Uint8Array): FieldText {
  const { source, type, subject, clientId, outcome } = decodeEnvelope(bytes);
  const texts: Readonly<Record<number, string>> = { [fields.sources]: source, [fields.types]: type, [fields.subjects]: subject, [fields.clientIds]: clientId };
  return (field) => (field === fields.outcomes ? (outcome ? String(outcome.result) : '') : Buffer.from(texts[field]!).toString('latin1'));
}
