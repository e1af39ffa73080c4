import { runService } from '@tillid/service';
import { authenticationConfig } from './authentication.config.js';
import { AuthenticationModule } from './authentication.module.js';
import { authenticationRestoring, authenticationStorePlan } from './authentication.stores.js';
import { readModels } from './read-models.js';

void runService({ name: 'authentication', module: AuthenticationModule, config: authenticationConfig, stores: authenticationStorePlan, readModels, restoring: authenticationRestoring });
