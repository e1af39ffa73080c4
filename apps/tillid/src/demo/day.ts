import type { AssuranceLevel } from '@tillid/contracts/identity/v1/events';
import type { CodeCard } from '@tillid/contracts/authentication/v1/service';
import type { AccessLogEntry } from '@tillid/contracts/audit/v1/service';
import type { OwnLogCopy } from '@tillid/eventsourcing';
import type { Running } from '../installation/running.js';
import type { Party } from '../system/party.js';
import type { Expectations } from './expectations.js';
import type { Person } from './people.js';
import type { SeededRandom } from './random-source.js';

/** A person once they are in the register. What is not readonly changes as the day goes on. */
export interface Citizen {
  readonly person: Person;
  readonly citizenId: string;
  password: string;
  card: CodeCard | undefined;
  /** Of the device they always use. */
  deviceSecret: string;
  /** The last token for their own rooms. */
  ownRooms: SignedIn | undefined;
}

export interface SignedIn {
  readonly token: string;
  readonly subject: string;
  readonly sessionId: string;
  readonly level: AssuranceLevel;
  readonly expiresAtMs: number;
}

export interface Parties {
  readonly operator: Party;
  readonly officials: readonly [Party, Party];
  readonly agent: Party;
  /** Another citizen agent: honest, but not the one that holds the citizens' tokens. */
  readonly otherAgent: Party;
  readonly fjordbanken: Party;
  readonly egebaek: Party;
  readonly sundby: Party;
}

/** Everything a scene may touch. */
export interface Day extends Parties {
  readonly running: Running;
  readonly run: string;
  readonly random: SeededRandom;
  readonly expect: Expectations;
  readonly size: number;
  /** Citizens who act at the same time. With one, the same day comes in the same order. */
  readonly atOnce: number;
  readonly citizens: Citizen[];
  /** What the day ends by printing. */
  accessLog: readonly AccessLogEntry[];
  /** A copy of the parent's own log, as `tillid-auditor own-log` reads it. */
  ownLog: OwnLogCopy | undefined;
  receipt: { readonly text: string; readonly leafIndex: number; readonly treeSize: number } | undefined;
}

export interface Scene {
  readonly name: string;
  readonly steps: (day: Day) => number;
  play(day: Day, step: () => void): Promise<void>;
}

/** The cast. In a day of few citizens somebody plays two parts. */
const part = (number: number) => (day: Day): Citizen => day.citizens[number % day.citizens.length]!;
export const parent = part(0);
export const forgetful = part(1);
export const clumsy = part(2);
export const victim = part(3);
export const patient = part(4);
