import { runService } from '@tillid/service';
import { auditConfig } from './audit.config.js';
import { AuditModule } from './audit.module.js';
import { auditStorePlan } from './audit.stores.js';
import { readModels } from './read-models.js';

void runService({ name: 'audit', module: AuditModule, config: auditConfig, stores: auditStorePlan, readModels });
