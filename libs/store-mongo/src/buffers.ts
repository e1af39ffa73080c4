/** The same bytes as a Buffer: mongoose takes no other kind in what it casts. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
