import type { Logger } from '@tillid/runtime';
import { readTlsIdentity } from '@tillid/rpc';
import { kafkaFeedOf, migrateTopicOf } from './feed/kafka-feed.js';
import type { ServiceConfig } from './service-config.js';
import type { ServiceDeclaration } from './service-declaration.js';
import { migrateShared } from './shared-state.js';

/**
 * What must be there before the service starts: indexes in the database, the topic and who may read it. Changes nothing
 * that is as it should be; may be run again, and by several at once. The certificate in TILLID_TLS is that of whoever
 * may make topics, which services may not.
 */
export async function migrateService(declaration: ServiceDeclaration, config: ServiceConfig, logger: Logger): Promise<void> {
  const { name } = declaration;
  if (await migrateShared(declaration, config)) logger.info({}, 'the databases are migrated');
  const tls = readTlsIdentity(config.tls);
  const kafka = kafkaFeedOf(config, () => tls, logger);
  if (kafka) logger.info({ topic: await migrateTopicOf({ name, source: `${name}/0`, config }, kafka.client) }, 'the topic is migrated');
}
