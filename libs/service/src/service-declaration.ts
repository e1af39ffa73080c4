import type { Type } from '@nestjs/common';
import type { FollowedReadModels } from '@tillid/eventsourcing';
import type { Logger, ServiceName, Settings } from '@tillid/runtime';
import type { Restoring } from './restore/before-it-opens.js';
import type { ServiceConfig } from './service-config.js';
import type { StorePlan } from './stores.js';

export interface ServiceDeclaration {
  readonly name: ServiceName;
  /** A Nest module that provides SERVICE_PARTS and the rpc controllers (as providers). */
  readonly module: Type;
  /** `{ ...serviceSettings, ... }`. */
  readonly config: Settings;
  /** What it keeps. */
  readonly stores: StorePlan;
  /** What it builds from its own and other logs; its module follows with the same. */
  readonly readModels: FollowedReadModels;
  /** How its log gets back from audit what a backup has not. Audit itself has it in its own ledger. */
  readonly restoring?: Restoring;
  /** The number in its source's name; 0 unless it says otherwise. Asked before anything is opened: whoever may not start now throws. */
  readonly partition?: (config: ServiceConfig) => number;
  /** What else its program does than serve, `node main.js <name> ...`: it answers with one JSON object for the last line, with `refused` in it: exit 1. */
  readonly modes?: Readonly<Record<string, (config: ServiceConfig, logger: Logger, args: readonly string[]) => Promise<object>>>;
}
