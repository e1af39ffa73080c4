// The database is where the services are told, has a user for each, known by its certificate, and grants each its own databases.
import { isDeepStrictEqual } from 'node:util';
import { ownDatabases, serviceNames } from '../apps.mjs';
import { named, ofKind } from '../manifests.mjs';

export function databaseAgrees(manifests) {
  const [mongo] = ofKind(manifests, 'MongoDBCommunity');
  const { name } = mongo.metadata;
  const wanted = `mongodb+srv://${name}-svc.tillid.svc.cluster.local/?replicaSet=${name}&tls=true&authMechanism=MONGODB-X509`;
  const told = named(manifests, 'ConfigMap', 'tillid').data.TILLID_MONGO_URL;
  const { users } = mongo.spec;
  const missing = serviceNames.map(userOf).filter((user) => !users.some((each) => isDeepStrictEqual(each, user)));
  return [
    ...(told === wanted ? [] : [`TILLID_MONGO_URL is ${told}, not ${wanted}`]),
    ...missing.map((user) => `MongoDB has no user ${user.name} with the databases ${user.roles.map(({ db }) => db).join(', ')}`),
    ...(users.length === serviceNames.length ? [] : ['MongoDB has users beside the services']),
  ];
}

/** As libs/service names them. */
function userOf(service) {
  const databases = ['', '-apart', ...ownDatabases[service].map((database) => `-${database}`)].map((suffix) => `tillid-${service}${suffix}`);
  return { name: `CN=${service},OU=service`, db: '$external', roles: databases.map((db) => ({ name: 'readWrite', db })) };
}
