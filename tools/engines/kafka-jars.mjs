import { archiveFlags, jarsOf, java, requireJava } from './jars.mjs';
import { randomClusterId } from './kafka-properties.mjs';
import { host } from './ports.mjs';

const logging = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info'];

/**
 * Kafka as a Java program. `train(program)` starts and stops it once, for the class-data archive.
 */
export async function kafkaFromJars(train) {
  const javaVersion = await requireJava('kafka');
  const jars = await jarsOf('kafka');
  return programOf(jars, await archiveFlags('kafka', jars, javaVersion, (flag) => train(programOf(jars, [flag]))));
}

function programOf(jars, flags) {
  return {
    bind: host,
    readyWithinMs: 60_000,
    async format({ properties }) {
      const child = java(jars, logging, 'kafka.tools.StorageTool', ['format', '--standalone', '-t', randomClusterId(), '-c', properties]);
      const exit = await child.exit;
      if (exit !== 0) throw new Error(`formatting Kafka's folder ended with ${exit}:\n${child.said}`);
    },
    run: ({ properties }, onLine) => java(jars, [...flags, ...logging], 'kafka.Kafka', [properties], { onLine }),
    async kill(child) {
      child.kill('SIGKILL');
      await child.exit;
    },
    remove: async () => undefined,
  };
}
