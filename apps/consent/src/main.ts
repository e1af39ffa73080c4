import { runService } from '@tillid/service';
import { consentConfig } from './consent.config.js';
import { ConsentModule } from './consent.module.js';
import { consentRestoring, consentStorePlan } from './consent.stores.js';

void runService({ name: 'consent', module: ConsentModule, config: consentConfig, stores: consentStorePlan, restoring: consentRestoring });
