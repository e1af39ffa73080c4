// The engines from Maven Central: what runs where there is no Docker.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filledFolder } from './cache.mjs';
import { Child, run } from './processes.mjs';
import { CannotHave, say, secondsSince } from './say.mjs';

const oldestJava = 17;
const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
const whatToInstall =
  `Install a JDK of version ${oldestJava} or newer and Maven (Debian and Ubuntu: apt-get install openjdk-17-jdk-headless maven; macOS: brew install openjdk maven), ` +
  'or start Docker with its compose plugin, or name engines that run already in TILLID_ENGINES_MONGO_URL and TILLID_ENGINES_KAFKA_BROKERS.';
const poms = { kafka: 'Kafka 4.4.0', mongo: 'mongo-java-server 1.47.0' };

export function cannotHave(name, reason) {
  return new CannotHave(`no ${name === 'kafka' ? 'Kafka' : 'MongoDB'} here: ${reason}. ${whatToInstall}`);
}

/** Answers the words of `java -version`, which differ with every build of it. */
export async function requireJava(name) {
  const { exit, said } = await run('java', ['-version']);
  const version = Number(/version "(\d+)/.exec(said)?.[1]);
  if (exit !== 0 || Number.isNaN(version)) throw cannotHave(name, 'there is no Java on the PATH');
  if (version < oldestJava) throw cannotHave(name, `the Java on the PATH is ${version}`);
  return said;
}

/** The folder of an engine's jars, and of the class `javaSource` if it needs one of ours. Maven runs only the first time. */
export async function jarsOf(name, javaSource) {
  const pom = join(import.meta.dirname, name, 'pom.xml');
  const source = javaSource && join(import.meta.dirname, name, javaSource);
  const inputs = [pom, source].filter(Boolean).map((file) => readFileSync(file, 'utf8'));
  return filledFolder(name, inputs, async (folder) => {
    const started = performance.now();
    say(`fetching ${poms[name]} through Maven, once ...`);
    await tool(name, 'mvn', ['-B', '-q', '-ntp', '-f', pom, plugin, '-DincludeScope=runtime', `-DoutputDirectory=${folder}`]);
    if (source) await tool(name, 'javac', ['--release', String(oldestJava), '-d', folder, '-cp', join(folder, '*'), source]);
    say(`fetched ${poms[name]} in ${secondsSince(started)}`);
  });
}

async function tool(name, command, args) {
  const { exit, said } = await run(command, args);
  if (exit === 127) throw cannotHave(name, `there is no ${command} on the PATH`);
  if (exit !== 0) throw cannotHave(name, `${command} ended with ${exit}:\n${said}\n`);
}

const jvm = ['-Xms64m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xlog:disable', '-Djava.awt.headless=true'];

/** A Java program on the jars of `folder`. */
export function java(folder, flags, mainClass, args, options) {
  return new Child('java', [...jvm, ...flags, '-cp', `${join(folder, '*')}:${folder}`, mainClass, ...args], options);
}

/**
 * A class-data archive, which makes every later start two to three times as quick. `train(flag)` runs the program once with that flag, to
 * its orderly end. It is good for one build of Java only. A failure is no reason not to start: slower, without.
 */
export async function archiveFlags(name, folder, javaVersion, train) {
  const archives = await filledFolder(`${name}-classes`, [folder, javaVersion], async (part) => {
    const started = performance.now();
    say(`preparing quick starts of ${name}, once ...`);
    try {
      await train(`-XX:ArchiveClassesAtExit=${join(part, 'classes.jsa')}`);
      say(`prepared quick starts of ${name} in ${secondsSince(started)}`);
    } catch (error) {
      say(`${name} will start slowly: ${error.message}`);
    }
  });
  const archive = join(archives, 'classes.jsa');
  return existsSync(archive) ? [`-XX:SharedArchiveFile=${archive}`] : [];
}
