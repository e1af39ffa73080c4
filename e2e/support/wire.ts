/** The protobuf wire format, for what no encoder would write. */
export function tag(field: number, wireType: number): Buffer {
  return varint((field << 3) | wireType);
}

export function lengthDelimited(bytes: Buffer): Buffer {
  return Buffer.concat([varint(bytes.length), bytes]);
}

export function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 0x7f) | 0x80);
  }
}
