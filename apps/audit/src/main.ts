import { logsBefore } from '@tillid/eventsourcing';
import { runService, type ServiceConfig } from '@tillid/service';
import { auditConfig } from './audit.config.js';
import { AuditModule } from './audit.module.js';
import { auditStorePlan } from './audit.stores.js';
import { WillNotSign } from './domain/audit.refusals.js';
import { logOriginIn } from './integrate/log-origin.js';
import { openOriginMode } from './open-origin/open-origin.mode.js';
import { isUnfinished } from './open-origin/put-in-place.js';
import { readModels } from './read-models.js';

void runService({ name: 'audit', module: AuditModule, config: auditConfig, stores: auditStorePlan, readModels, partition, modes: { 'open-origin': (config, _logger, args) => openOriginMode(config, args) } });

/** Which of the installation's logs lies here, and so which of audit's sources goes on. */
function partition(config: ServiceConfig): number {
  // Half of the old log, half of the new: only the command that began it may touch either.
  if (isUnfinished(config.data)) throw new WillNotSign('log.opening_unfinished');
  return logsBefore(logOriginIn(config));
}
