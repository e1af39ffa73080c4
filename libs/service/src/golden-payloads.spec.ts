import { readFileSync } from 'node:fs';
import * as audit from '@tillid/contracts/audit/v1/events';
import * as authentication from '@tillid/contracts/authentication/v1/events';
import * as consent from '@tillid/contracts/consent/v1/events';
import * as event from '@tillid/contracts/event/v1/event';
import * as identity from '@tillid/contracts/identity/v1/events';
import { describe, expect, it } from 'vitest';

interface Message {
  decode(bytes: Uint8Array): unknown;
  encode(message: unknown): { finish(): Uint8Array };
  toJSON(message: unknown): unknown;
}

const packages = { audit, authentication, consent, event, identity };
const messages = Object.entries(packages).flatMap(([name, generated]) =>
  Object.entries(generated).flatMap(([type, value]) => (typeof value === 'object' && 'decode' in value ? [[`tillid.${name}.v1.${type}`, value as Message] as const] : [])),
);
/** Every message as it was released, every field of it set. Added to by tools/golden-payloads.mjs, and never changed. */
const golden = JSON.parse(readFileSync(new URL('../../../proto/golden-payloads.json', import.meta.url), 'utf8')) as Record<string, { readonly bytes: string; readonly json: unknown }>;

describe('the payloads that stand in logs', () => {
  it('are all here: none has gone, and a new one has its bytes before it is written', () => {
    expect(messages.map(([name]) => name).toSorted()).toEqual(Object.keys(golden));
  });

  it.each(messages)('%s says what it said, in the same bytes', (name, { decode, encode, toJSON }) => {
    const { bytes, json } = golden[name]!;
    const read = decode(Buffer.from(bytes, 'hex'));
    expect(toJSON(read)).toEqual(json);
    expect(Buffer.from(encode(read).finish()).toString('hex')).toBe(bytes);
  });
});
