import type { ConfigOf, ServiceSettings } from '@tillid/runtime';

/** What every service is told: `serviceSettings`. */
export type ServiceConfig = ConfigOf<ServiceSettings>;
