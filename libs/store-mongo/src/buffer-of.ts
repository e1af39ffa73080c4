/** The same bytes, not a copy: mongoose takes a Buffer in a query or an update, and no other Uint8Array. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
