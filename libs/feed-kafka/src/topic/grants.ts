import type { AclEntry, Admin } from 'kafkajs';
import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } from '../kafkajs/names.js';

/** Who may do what with one topic, as Kafka's principals: "User:CN=consent,OU=service". */
export interface TopicGrants {
  /** The service whose log it is; its relay is the only producer. */
  readonly writer: string;
  readonly readers: readonly string[];
}

/**
 * A service as Kafka knows it by its certificate: the whole subject, which libs/crypto makes of the service's name alone.
 * A spec holds the two together.
 */
export function servicePrincipal(service: string): string {
  return `User:CN=${service},OU=service`;
}

const anyHost = '*';

/** Makes a topic's grants these and no others. No group: readers join none. Readers come first: nobody loses for a moment what they keep. */
export async function setGrants(admin: Admin, topic: string, grants: TopicGrants): Promise<void> {
  const wanted = entriesOf(topic, grants);
  await admin.createAcls({ acl: [...wanted] });
  const { resources } = await admin.describeAcls(anythingOf(topic));
  const kept = new Set(wanted.map(identityOf));
  const stale = resources.flatMap(({ acls }) => acls.map((acl) => ({ ...onTopic(topic), ...acl }))).filter((entry) => !kept.has(identityOf(entry)));
  if (stale.length > 0) await admin.deleteAcls({ filters: stale });
}

export function entriesOf(topic: string, { writer, readers }: TopicGrants): readonly AclEntry[] {
  const allow = (principal: string, operation: AclOperationTypes): AclEntry => ({ ...onTopic(topic), principal, host: anyHost, operation, permissionType: AclPermissionTypes.ALLOW });
  return [
    ...readers.filter((reader) => reader !== writer).map((reader) => allow(reader, AclOperationTypes.READ)),
    // The relay finds its place by reading, and start-up looks at the settings.
    ...[AclOperationTypes.READ, AclOperationTypes.WRITE, AclOperationTypes.DESCRIBE_CONFIGS].map((operation) => allow(writer, operation)),
  ];
}

function onTopic(topic: string) {
  return { resourceType: AclResourceTypes.TOPIC, resourceName: topic, resourcePatternType: ResourcePatternTypes.LITERAL } as const;
}

function anythingOf(topic: string) {
  return { ...onTopic(topic), operation: AclOperationTypes.ANY, permissionType: AclPermissionTypes.ANY };
}

function identityOf({ principal, host, operation, permissionType }: AclEntry): string {
  return [principal, host, operation, permissionType].join('\n');
}
