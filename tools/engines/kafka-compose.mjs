import { composeKill, composeRemove, composeUp } from './docker.mjs';
import { randomClusterId } from './kafka-properties.mjs';

const clusterId = randomClusterId();

/** Kafka in a container, on the same server.properties in the same folder. */
export const kafkaInContainer = {
  // Published ports arrive at the container's own address, not at its loopback.
  bind: '0.0.0.0',
  // The image may have to be fetched first.
  readyWithinMs: 600_000,
  // The container formats what is not formatted.
  format: async () => undefined,
  run: (place, onLine) => composeUp('kafka', variablesOf(place), onLine),
  async kill(child, place) {
    await composeKill('kafka', variablesOf(place));
    await child.exit;
  },
  remove: (place) => composeRemove('kafka', variablesOf(place)),
};

function variablesOf({ folder, port }) {
  return { KAFKA_FOLDER: folder, KAFKA_PORT: String(port), KAFKA_CLUSTER_ID: clusterId, KAFKA_USER: `${process.getuid()}:${process.getgid()}` };
}
