import { runService } from '@tillid/service';
import { identityConfig } from './identity.config.js';
import { IdentityModule } from './identity.module.js';
import { identityRestoring, identityStorePlan } from './identity.stores.js';
import { readModels } from './read-models.js';

void runService({ name: 'identity', module: IdentityModule, config: identityConfig, stores: identityStorePlan, readModels, restoring: identityRestoring });
