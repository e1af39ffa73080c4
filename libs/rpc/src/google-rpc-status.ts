import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';

/**
 * google.rpc.Status with ErrorInfo, BadRequest and RetryInfo: what stands in `grpc-status-details-bin`. Written by hand:
 * four small messages of a contract that does not change, and no dependency for them.
 */
export interface ErrorStatus {
  readonly code: number;
  readonly message: string;
  readonly reason: string;
  readonly domain: string;
  /** ErrorInfo.metadata. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly fields?: readonly { readonly field: string; readonly description: string }[];
  readonly retryAfterMs?: number;
}

const typePrefix = 'type.googleapis.com/google.rpc.';

export function encodeErrorStatus(status: ErrorStatus): Buffer {
  const writer = new BinaryWriter();
  writer.uint32(8).int32(status.code);
  writer.uint32(18).string(status.message);
  detail(writer, 'ErrorInfo', (info) => {
    info.uint32(10).string(status.reason);
    info.uint32(18).string(status.domain);
    for (const [key, value] of Object.entries(status.metadata ?? {})) {
      nested(info, 26, (entry) => entry.uint32(10).string(key).uint32(18).string(value));
    }
  });
  if (status.fields && status.fields.length > 0) {
    detail(writer, 'BadRequest', (request) => {
      for (const { field, description } of status.fields!) nested(request, 10, (violation) => violation.uint32(10).string(field).uint32(18).string(description));
    });
  }
  if (status.retryAfterMs !== undefined) {
    const wholeMs = Math.max(0, Math.ceil(status.retryAfterMs));
    detail(writer, 'RetryInfo', (info) => {
      nested(info, 10, (delay) => delay.uint32(8).int64(Math.floor(wholeMs / 1000)).uint32(16).int32((wholeMs % 1000) * 1_000_000));
    });
  }
  return Buffer.from(writer.finish());
}

/** Undefined when the bytes are no Status of ours; details of other kinds are passed over. */
export function decodeErrorStatus(bytes: Uint8Array): ErrorStatus | undefined {
  try {
    let result: ErrorStatus = { code: 2, message: '', reason: '', domain: '' };
    eachField(bytes, (field, value) => {
      if (field === 1) result = { ...result, code: Number(value) };
      if (field === 2) result = { ...result, message: text(value) };
      if (field === 3) result = { ...result, ...decodeDetail(asBytes(value)) };
    });
    return result.reason === '' ? undefined : result;
  } catch {
    return undefined;
  }
}

function decodeDetail(any: Uint8Array): Partial<ErrorStatus> {
  let type = '';
  let content: Uint8Array = new Uint8Array();
  eachField(any, (field, value) => {
    if (field === 1) type = text(value);
    if (field === 2) content = asBytes(value);
  });
  switch (type) {
    case `${typePrefix}ErrorInfo`: {
      const info = { reason: '', domain: '', metadata: {} as Record<string, string> };
      eachField(content, (field, value) => {
        if (field === 1) info.reason = text(value);
        if (field === 2) info.domain = text(value);
        if (field === 3) {
          const [key, entry] = pair(asBytes(value));
          info.metadata[key] = entry;
        }
      });
      return info;
    }
    case `${typePrefix}BadRequest`: {
      const fields: { field: string; description: string }[] = [];
      eachField(content, (field, value) => {
        if (field !== 1) return;
        const [name, description] = pair(asBytes(value));
        fields.push({ field: name, description });
      });
      return { fields };
    }
    case `${typePrefix}RetryInfo`: {
      let retryAfterMs = 0;
      eachField(content, (field, value) => {
        if (field !== 1) return;
        eachField(asBytes(value), (part, amount) => {
          retryAfterMs += part === 1 ? Number(amount) * 1000 : Number(amount) / 1_000_000;
        });
      });
      return { retryAfterMs };
    }
    default:
      return {};
  }
}

function detail(writer: BinaryWriter, type: string, write: (writer: BinaryWriter) => unknown): void {
  nested(writer, 26, (any) => {
    any.uint32(10).string(typePrefix + type);
    nested(any, 18, write);
  });
}

function nested(writer: BinaryWriter, tag: number, write: (writer: BinaryWriter) => unknown): void {
  writer.uint32(tag).fork();
  write(writer);
  writer.join();
}

function eachField(bytes: Uint8Array, visit: (field: number, value: bigint | number | string | Uint8Array) => void): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (wireType === 0) visit(field, reader.int64());
    else if (wireType === 2) visit(field, reader.bytes());
    else reader.skip(wireType, field);
  }
}

function pair(bytes: Uint8Array): [string, string] {
  const values: [string, string] = ['', ''];
  eachField(bytes, (field, value) => {
    if (field === 1) values[0] = text(value);
    if (field === 2) values[1] = text(value);
  });
  return values;
}

function text(value: unknown): string {
  return Buffer.from(asBytes(value)).toString('utf8');
}

function asBytes(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError('not a length-delimited field');
  return value;
}
