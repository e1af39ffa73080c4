import type { System } from './system.js';

/** One line of `tillid-auditor replay`: an entry of the ledger, checked as it came. */
export interface ReplayedEntry {
  readonly leafIndex: number;
  readonly source: string;
  readonly position: number;
  readonly type: string;
  readonly stream: string;
  readonly subject: string;
  readonly clientId: string;
  readonly outcome: { readonly result: string; readonly reason?: string };
  readonly payload: unknown;
  /** Base64. */
  readonly id: string;
  readonly commandId: string;
}

/** The whole ledger, as an auditor reads it. */
export async function replayed(system: System): Promise<ReplayedEntry[]> {
  const { code, stdout, stderr } = await system.auditor('replay');
  if (code !== 0) throw new Error(`replay ended with ${code}: ${stderr}`);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ReplayedEntry);
}
