export const serviceNames = ['identity', 'authentication', 'consent', 'audit'] as const;
export type ServiceName = (typeof serviceNames)[number];
