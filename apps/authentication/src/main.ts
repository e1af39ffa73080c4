import { runService } from '@tillid/service';
import { authenticationConfig } from './authentication.config.js';
import { AuthenticationModule } from './authentication.module.js';

void runService({ name: 'authentication', module: AuthenticationModule, config: authenticationConfig });
