import kafkajs, { type AclOperationTypes as Operation } from 'kafkajs';

/** Node does not see these among the names that kafkajs, a CommonJS module, exports. */
export const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ConfigResourceTypes, ConfigSource, KafkaJSAggregateError, ResourcePatternTypes } = kafkajs;
export type AclOperationTypes = Operation;
