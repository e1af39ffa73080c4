// The database is where the services are told, has a user for each, known by its certificate, and grants each its own two databases.
import { isDeepStrictEqual } from 'node:util';
import { serviceNames } from '../apps.mjs';
import { named, ofKind } from '../manifests.mjs';

export function databaseAgrees(manifests) {
  const [mongo] = ofKind(manifests, 'MongoDBCommunity');
  const { name } = mongo.metadata;
  const hosts = Array.from({ length: mongo.spec.members }, (_, index) => `${name}-${index}.${name}-svc.tillid.svc.cluster.local:27017`);
  const wanted = `mongodb://${hosts.join()}/?replicaSet=${name}&tls=true&authMechanism=MONGODB-X509`;
  const told = named(manifests, 'ConfigMap', 'tillid').data.TILLID_MONGO_URL;
  const { users } = mongo.spec;
  const missing = serviceNames.map(userOf).filter((user) => !users.some((each) => isDeepStrictEqual(each, user)));
  return [
    ...(told === wanted ? [] : [`TILLID_MONGO_URL is ${told}, not ${wanted}`]),
    ...missing.map((user) => `MongoDB has no user ${user.name} with its two databases`),
    ...(users.length === serviceNames.length ? [] : ['MongoDB has users beside the services']),
  ];
}

function userOf(service) {
  const databases = [`tillid-${service}`, `tillid-${service}-apart`];
  return { name: `CN=${service},OU=service`, db: '$external', roles: databases.map((db) => ({ name: 'readWrite', db })) };
}
