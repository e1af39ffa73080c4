import { expect } from 'vitest';
import type { System } from './system.js';

interface Person {
  readonly nationalNumber: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly address: string;
  readonly email: string;
  readonly userId: string;
  readonly password: string;
  readonly citizenId: string;
}

/** What `tillid demo --json` prints, as far as the tests ask. */
export interface DayReport {
  /** Part of every user id and agreement id of the day. */
  readonly run: string;
  readonly expectations: readonly { readonly scene: string; readonly says: string; readonly held: boolean; readonly saw?: string }[];
  readonly acknowledged: readonly { readonly caller: string; readonly rpc: string; readonly idempotencyKey: string; readonly position: string }[];
  readonly refusals: readonly { readonly rpc: string; readonly code: string }[];
  /** By relying service: every reply it ever got. */
  readonly received: Readonly<Record<string, readonly { readonly rpc: string; readonly reply: unknown }[]>>;
  readonly seeded: readonly Person[];
}

export function parseDay(stdout: string): DayReport {
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as DayReport;
}

export async function playDay(system: System, ...args: string[]): Promise<DayReport> {
  const { code, stdout, stderr } = await system.tillid('demo', '--json', ...args);
  expect(stdout, stderr).not.toBe('');
  const day = parseDay(stdout);
  expect(code, `${JSON.stringify(day.expectations.filter(({ held }) => !held), null, 2)}\n${stderr}`).toBe(0);
  return day;
}

/** What may stand in no file: each long enough that chance does not write it. */
export function personalValuesOf(day: DayReport): readonly string[] {
  return day.seeded.flatMap(({ nationalNumber, firstName, lastName, address, email, userId, password }) => [
    nationalNumber,
    `${nationalNumber.slice(0, 6)}-${nationalNumber.slice(6)}`,
    `${firstName} ${lastName}`,
    address,
    email,
    userId,
    password,
  ]);
}

/** What the design lets two relying services both see: the attributes shared, and the id of a share both are party to. */
export function openToBothIn(day: DayReport): ReadonlySet<string> {
  const open = new Set<string>();
  for (const replies of Object.values(day.received)) {
    for (const { rpc, reply } of replies) {
      if (rpc.endsWith('/RequestShare')) open.add((reply as { shareId: string }).shareId);
    }
  }
  return open;
}
