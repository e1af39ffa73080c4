import { Refused } from '@tillid/kernel';

/** An error in a few words, for reports and tables. */
export function describe(error: unknown): string {
  if (error instanceof Refused) return `refused with ${error.code}${error.details.fields ? ` (${error.details.fields.map(({ field }) => field).join(', ')})` : ''}`;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
