import type { OwnLogCopy } from '@tillid/eventsourcing';

/** As `tillid-auditor own-log` reads it; bytes in base64. */
export function ownLogText({ logs, committed: { event, receipt, heads } }: OwnLogCopy): string {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  return `${JSON.stringify({
    format: 'tillid-own-log/1',
    logs: logs.map(({ owner, lines }) => ({ owner, lines: lines.map(({ number, leafHash, chain }) => ({ number, leafHash: base64(leafHash), chain: base64(chain) })) })),
    committed: {
      event: base64(event),
      receipt,
      heads: heads.map(({ owner, number, chain, siblings, otherKey, otherValue }) => ({ owner, number, chain: base64(chain), siblings: siblings.map(base64), otherKey: base64(otherKey), otherValue: base64(otherValue) })),
    },
  }, undefined, 1)}\n`;
}
