/** The only place that knows how streams and share ids are spelled. */
export const consentStream = (consentId: string): string => `consent-${consentId}`;
export const basisStream = (basisId: string): string => `share-${basisId}`;
export const agreementStream = (receiverId: string, agreementId: string): string => `agreement-${receiverId}-${agreementId}`;

/** The consent a stream is of; none for other streams. */
export const consentIdsOf = (stream: string): string[] => (stream.startsWith('consent-') ? [stream.slice('consent-'.length)] : []);

/** "<consent id>.<number>", or of another basis. Undefined for anything else. */
export function parseShareId(shareId: string): { readonly id: string; readonly number: number } | undefined {
  const [, id, number] = /^([a-z2-7]{26})\.([1-9]\d{0,14})$/.exec(shareId) ?? [];
  return id ? { id, number: Number(number) } : undefined;
}
