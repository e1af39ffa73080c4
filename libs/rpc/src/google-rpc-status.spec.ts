import { fromBinary } from '@bufbuild/protobuf';
import { AnySchema, DurationSchema } from '@bufbuild/protobuf/wkt';
import { Metadata, status } from '@grpc/grpc-js';
import { Refused, type RefusalKind } from '@tillid/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeErrorStatus, encodeErrorStatus } from './google-rpc-status.js';
import { errorOfStatus, RpcFailed, statusOfFault, statusOfRefusal } from './refusal-status.js';

const kinds: readonly RefusalKind[] = ['invalid', 'precondition', 'not_found', 'taken', 'not_allowed', 'unauthenticated', 'busy', 'conflict', 'unknown_outcome'];
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 50 });

describe('a refusal on the wire', () => {
  it('comes back as the same refusal, whatever is in it', () => {
    const refusal = fc.record({ code: text, kind: fc.constantFrom(...kinds), fields: fc.option(fc.array(fc.record({ field: text, description: text }), { minLength: 1, maxLength: 5 })), retryAfterMs: fc.option(fc.nat(1e7)) });
    fc.assert(
      fc.property(refusal, ({ code, kind, fields, retryAfterMs }) => {
        const details = { ...(fields && { fields }), ...(retryAfterMs !== null && { retryAfterMs }) };
        expect(errorOfStatus('/rpc', statusOfRefusal(new Refused(code, kind, details)))).toMatchObject({ code, kind, details });
      }),
    );
  });

  it('is read by anyone who knows google.rpc: ErrorInfo, BadRequest, RetryInfo, in that order', () => {
    const bytes = encodeErrorStatus({ code: 8, message: 'call.too_many', reason: 'call.too_many', domain: 'tillid', fields: [{ field: 'a', description: 'b' }], retryAfterMs: 1500 });
    // google.rpc.Status: field 3 is repeated Any. The wire is read here by another implementation's messages.
    const anys: Uint8Array[] = [];
    let at = 2 + 2 + 'call.too_many'.length;
    while (at < bytes.length) {
      const length = bytes[at + 1]!;
      anys.push(bytes.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
    const details = anys.map((any) => fromBinary(AnySchema, any));
    expect(details.map(({ typeUrl }) => typeUrl.split('/')[1])).toEqual(['google.rpc.ErrorInfo', 'google.rpc.BadRequest', 'google.rpc.RetryInfo']);
    const delay = fromBinary(DurationSchema, details[2]!.value.subarray(2));
    expect(delay).toMatchObject({ seconds: 1n, nanos: 500_000_000 });
  });

  it('of unknown make is no refusal of ours: bytes of any kind are survived', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void decodeErrorStatus(bytes)));
  });
});

describe('an error that is no refusal', () => {
  it('says only under which id it can be found', () => {
    expect(errorOfStatus('/rpc', statusOfFault('abc'))).toMatchObject({ name: 'RpcFailed', status: status.INTERNAL, correlationId: 'abc' });
  });

  it('of the connection means: it may have happened', () => {
    expect(errorOfStatus('/rpc', { code: status.UNAVAILABLE, metadata: new Metadata() })).toMatchObject({ code: 'peer.unavailable', kind: 'unknown_outcome' });
    expect(errorOfStatus('/rpc', { code: status.DEADLINE_EXCEEDED, metadata: new Metadata() })).toMatchObject({ kind: 'unknown_outcome' });
    expect(errorOfStatus('/rpc', { code: status.PERMISSION_DENIED, metadata: new Metadata() })).toBeInstanceOf(RpcFailed);
  });
});
