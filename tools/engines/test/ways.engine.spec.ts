// Which way the launcher takes, on machines that this one is not: with a `docker` of our own on the PATH, or without Java. No engine needed.
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startEngines } from '@tillid/testing';
import { Launcher, temporaryFolder } from './launcher.js';

const noAddresses = { TILLID_ENGINES_MONGO_URL: '', TILLID_ENGINES_KAFKA_BROKERS: '' };
const emptyFolder = () => temporaryFolder('path');

function programs(scripts: Record<string, string>): string {
  const folder = emptyFolder();
  for (const [name, script] of Object.entries(scripts)) writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return folder;
}

/** A Docker that serves by saying so, and writes down what it was asked. */
function dockerThatServes() {
  const folder = emptyFolder();
  const asked = join(folder, 'asked');
  const path = programs({
    docker: `echo "$KAFKA_PORT $*" >> ${asked}
      case "$*" in *"up "*kafka) echo 'INFO Kafka Server started';; *"up "*mongo) echo 'replica set is ready';; *) exit 0;; esac
      exec sleep 1000`,
  });
  return { path: `${path}${delimiter}${process.env['PATH']}`, asked: () => readFileSync(asked, 'utf8') };
}

describe('an engine that cannot be had', () => {
  it.each([
    ['there is no Java', () => emptyFolder(), 'there is no Java on the PATH'],
    ['Java is too old', () => programs({ java: `echo 'openjdk version "11.0.2" 2019-01-15' >&2` }), 'the Java on the PATH is 11'],
    ['there is no Maven', () => programs({ java: `echo 'openjdk version "21.0.2" 2024-01-16' >&2` }), 'there is no mvn on the PATH'],
  ])('because %s: the launcher ends with 3 and says what to install', async (_, path, reason) => {
    const launcher = new Launcher(['up', '--mongo', '--kafka'], { ...noAddresses, PATH: path(), XDG_CACHE_HOME: emptyFolder() });
    await expect(launcher.answer()).rejects.toThrow();
    expect(await launcher.ended()).toBe(3);
    expect(launcher.stderr).toContain(reason);
    expect(launcher.stderr).toMatch(/Install a JDK of version 17 or newer and Maven .*or start Docker.*or name engines that run already in TILLID_ENGINES_MONGO_URL/);
  });

  it('because Maven reaches nobody: its own words are passed on', async () => {
    const path = programs({ java: `echo 'openjdk version "21.0.2"' >&2`, mvn: 'echo "Unknown host repo.maven.apache.org"; exit 1' });
    const launcher = new Launcher(['check', '--mongo'], { ...noAddresses, PATH: path, XDG_CACHE_HOME: emptyFolder() });
    expect(await launcher.ended()).toBe(3);
    expect(launcher.stderr).toContain('mvn ended with 1:\nUnknown host repo.maven.apache.org');
  });

  it('is undefined to a test, and a failure where engines are required', async () => {
    const before = { ...process.env };
    Object.assign(process.env, noAddresses, { PATH: emptyFolder(), TILLID_REQUIRE_ENGINES: '' });
    try {
      expect(await startEngines({ mongo: true })).toBeUndefined();
      process.env['TILLID_REQUIRE_ENGINES'] = '1';
      await expect(startEngines({ mongo: true })).rejects.toThrow('Install a JDK');
    } finally {
      process.env = before;
    }
  });
});

describe('with Docker', () => {
  it('takes compose, one project for both engines, and removes it', async () => {
    const docker = dockerThatServes();
    const launcher = new Launcher(['up', '--mongo', '--kafka'], { ...noAddresses, PATH: docker.path });
    const ready = await launcher.answer();
    const project = `tillid-engines-${launcher.process.pid}`;
    expect(ready).toMatchObject({ mongo: { from: 'compose', url: expect.stringMatching(/^mongodb:\/\/127\.0\.0\.1:\d+,127\.0\.0\.1:\d+,127\.0\.0\.1:\d+\/\?replicaSet=tillid$/) }, kafka: { from: 'compose' } });
    const port = (ready as { kafka: { brokers: string[] } }).kafka.brokers[0]!.split(':')[1];
    expect(docker.asked()).toMatch(new RegExp(`^${port} compose --file .*compose.yaml --project-name ${project} up --no-log-prefix --no-recreate kafka$`, 'm'));
    expect(await launcher.stop()).toBe(0);
    await launcher.untilNothingIsLeft();
    expect(docker.asked()).toContain('rm --stop --force --volumes mongo');
    expect(docker.asked()).toContain(`--project-name ${project} down --volumes`);
  });

  it('removes the project when the launcher is killed', async () => {
    const docker = dockerThatServes();
    const launcher = new Launcher(['up', '--kafka'], { ...noAddresses, PATH: docker.path });
    await launcher.answer();
    launcher.process.kill('SIGKILL');
    await launcher.untilNothingIsLeft();
    expect(docker.asked()).toContain('down --volumes');
  });

  it.each([
    ['without compose', `[ "$1" = compose ] && exit 1; exit 0`],
    ['whose engine does not answer', 'exec /bin/sleep 60'],
  ])('%s: it is as if it were not there', async (_, script) => {
    const launcher = new Launcher(['check', '--mongo'], { ...noAddresses, PATH: programs({ docker: script }), XDG_CACHE_HOME: emptyFolder() });
    expect(await launcher.ended()).toBe(3);
    expect(launcher.stderr).toContain('there is no Java on the PATH');
  });
});

describe('with an address in the environment', () => {
  it('uses it, and neither stops nor kills what it did not start', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const launcher = new Launcher(['up', '--kafka', '--mongo'], { PATH: emptyFolder(), TILLID_ENGINES_KAFKA_BROKERS: `127.0.0.1:${port}`, TILLID_ENGINES_MONGO_URL: `mongodb://127.0.0.1:${port}/?replicaSet=a` });
    expect(await launcher.answer()).toEqual({
      mongo: { url: `mongodb://127.0.0.1:${port}/?replicaSet=a`, from: 'environment' },
      kafka: { brokers: [`127.0.0.1:${port}`], tls: false, from: 'environment' },
    });
    expect(await launcher.order('kill kafka')).toEqual({ error: 'kafka is not one that this launcher started' });
    expect(await launcher.stop()).toBe(0);
    server.close();
  });

  it('where nobody answers: it says so', async () => {
    const launcher = new Launcher(['up', '--mongo'], { TILLID_ENGINES_MONGO_URL: 'mongodb://user:word@127.0.0.1:1/' });
    expect(await launcher.ended()).toBe(1);
    expect(launcher.stderr).toContain('TILLID_ENGINES_MONGO_URL names 127.0.0.1:1, where nobody answers');
  });

  it('does not take a broker for one with our certificates', async () => {
    const launcher = new Launcher(['up', '--kafka-tls', '/nowhere'], { PATH: emptyFolder(), TILLID_ENGINES_KAFKA_BROKERS: '127.0.0.1:1' });
    expect(await launcher.ended()).toBe(3);
    expect(launcher.stderr).toContain('TILLID_ENGINES_KAFKA_BROKERS is passed over');
  });
});
