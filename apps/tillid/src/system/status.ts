import type { SourceProgress } from '@tillid/contracts/feed/v1/service';
import type { ServiceName } from '@tillid/runtime';
import type { DataFolder } from '../installation/data-folder.js';
import type { Running } from '../installation/running.js';
import { describe } from './describe-error.js';
import { type Party, partyOf } from './party.js';

export interface Status extends Running {
  /** By the name of the replica: that of its service where it is the only one. */
  readonly services: Readonly<Record<string, ServiceStatus>>;
  readonly record: RecordStatus;
}

export interface ServiceStatus {
  readonly serving: boolean;
  /** Set when it did not answer. */
  readonly error?: string;
  readonly source?: string;
  /** Of its own log. */
  readonly position?: number;
  readonly headAt?: string;
  /** What it takes in from the others. */
  readonly following: readonly Following[];
}

export interface Following {
  readonly source: string;
  readonly consumer: string;
  readonly position: number;
  /** Events it knows of and has not taken in. */
  readonly lag: number;
  readonly lastHeardAt: string;
  readonly gaps: number;
  readonly parked?: string;
}

/** How complete the record is, in audit's own words. */
export interface RecordStatus {
  readonly error?: string;
  readonly checkpointSize?: number;
  readonly checkpointAt?: string | undefined;
  readonly completeAsOf?: string | undefined;
  readonly mayBeIncomplete?: string;
  /** Set when this log continues one that was lost. */
  readonly formerLog?: { readonly origin: string; readonly size: number; readonly kept: number; readonly continuedAt: string | undefined };
  readonly sources: readonly { readonly source: string; readonly takenIn: number; readonly head: number; readonly lag: number; readonly gap: boolean; readonly parked?: string }[];
}

const answerMs = 3000;

/** Asks every service and audit; one that is silent is part of the answer. */
export async function readStatus(data: DataFolder, running: Running): Promise<Status> {
  const name = { kind: 'operator', id: 'operator' } as const;
  const operatorAt = (grpc: Running['grpc']) => partyOf(name, data.caller(name), grpc);
  const operator = operatorAt(running.grpc);
  try {
    const services = running.replicas.map(async (replica) => {
      const there = operatorAt({ ...running.grpc, [replica.service]: replica.grpc });
      return [replica.name, await readService(there, replica.service).finally(() => there.close())] as const;
    });
    const record = await readRecord(operator);
    return { ...running, services: Object.fromEntries(await Promise.all(services)), record };
  } finally {
    operator.close();
  }
}

export function isWell({ services, record }: Status): boolean {
  const answered = Object.values(services).every(({ error }) => error === undefined) && record.error === undefined;
  const following = Object.values(services).every((service) => service.following.every(({ parked }) => parked === undefined));
  return answered && following && record.sources.every(({ gap, parked }) => !gap && parked === undefined);
}

async function readService(operator: Party, service: ServiceName): Promise<ServiceStatus> {
  try {
    const { head, following } = await operator.feeds[service].getHead({ source: '' }, { timeoutMs: answerMs, retries: 0 });
    return { serving: true, source: head?.source ?? '', position: head?.position ?? 0, headAt: at(head?.timeMs ?? 0), following: following.map(describeFollowing) };
  } catch (error) {
    return { serving: false, error: describe(error), following: [] };
  }
}

function describeFollowing({ source, consumer, position, headPosition, lastHeardMs, gaps, parked, parkedReason }: SourceProgress): Following {
  return { source, consumer, position, lag: Math.max(0, headPosition - position), lastHeardAt: at(lastHeardMs), gaps, ...(parked ? { parked: parkedReason } : {}) };
}

async function readRecord(operator: Party): Promise<RecordStatus> {
  try {
    const { coverage } = await operator.audit.getCoverage({}, { timeoutMs: answerMs, retries: 0 });
    const sources = (coverage?.sources ?? []).map(({ source, takenInPosition, headPosition, gap, parked, parkedReason }) => ({
      source,
      takenIn: takenInPosition,
      head: headPosition,
      lag: Math.max(0, headPosition - takenInPosition),
      gap,
      ...(parked ? { parked: parkedReason } : {}),
    }));
    return {
      checkpointSize: coverage?.checkpointSize ?? 0,
      checkpointAt: coverage?.checkpointAt?.toISOString(),
      completeAsOf: coverage?.completeAsOf?.toISOString(),
      mayBeIncomplete: coverage?.mayBeIncomplete ?? '',
      ...(coverage?.formerLog && { formerLog: { ...coverage.formerLog, continuedAt: coverage.formerLog.continuedAt?.toISOString() } }),
      sources,
    };
  } catch (error) {
    return { error: describe(error), sources: [] };
  }
}

function at(ms: number): string {
  return ms === 0 ? 'never' : new Date(ms).toISOString();
}
