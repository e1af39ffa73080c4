import { runService } from '@tillid/service';
import { consentConfig } from './consent.config.js';
import { ConsentModule } from './consent.module.js';
import { consentRestoring, consentStorePlan } from './consent.stores.js';
import { readModels } from './read-models.js';

void runService({ name: 'consent', module: ConsentModule, config: consentConfig, stores: consentStorePlan, readModels, restoring: consentRestoring });
