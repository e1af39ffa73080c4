import 'reflect-metadata';
import { Global, Module, type DynamicModule, type Type } from '@nestjs/common';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import { ConfigRefused, createLogger, exitWhenSaid, observeProcess, readConfig, startTelemetry, type Logger, type ServiceName, type Telemetry } from '@tillid/runtime';
import { migrateService } from './migrate-service.js';
import { backUpService } from './backup/back-up-service.js';
import { rebuildAndExit } from './read-models/rebuild-mode.js';
import { releaseStartupMemory } from './release-startup-memory.js';
import { beforeItOpens } from './restore/before-it-opens.js';
import { rpcServiceOf } from './rpc-controller.js';
import { openShared } from './shared-state.js';
import { RunningService } from './running-service.js';
import { SERVICE_PARTS, type ServiceParts } from './service-parts.js';
import type { ServiceConfig } from './service-config.js';
import type { ServiceDeclaration } from './service-declaration.js';
import { Shell } from './shell.js';

/**
 * Starts the service in this process: `void runService({ name: 'consent', module: ConsentModule, config: consentConfig })`.
 * Nest composes; gRPC and HTTP are ours. SIGTERM and SIGINT drain and exit 0; a start that fails exits 1, a fault
 * nobody caught exits 1 at once: what is stored is then found out by the next start, by the ordinary path.
 */
export async function runService(declaration: ServiceDeclaration): Promise<void> {
  if (process.argv[2] === 'rebuild') await rebuildAndExit(declaration, process.argv.slice(3));
  let logger = createLogger({ name: declaration.name });
  const failed = (message: string) => (error: unknown) => {
    if (error instanceof ConfigRefused) logger.error({ problems: error.problems }, message);
    else logger.error({ err: error }, message);
    process.exit(1);
  };
  process.on('uncaughtException', failed('a fault nobody caught'));
  process.on('unhandledRejection', failed('a fault nobody caught'));
  try {
    const config = readConfig(declaration.config, process.env) as unknown as ServiceConfig;
    logger = createLogger({ name: declaration.name, level: config.logLevel });
    if (process.argv[2] === 'migrate') await migrateAndExit(declaration, config, logger);
    if (process.argv[2] === 'backup') await backUpAndExit(declaration, config, logger);
    const mode = declaration.modes?.[process.argv[2] ?? ''];
    if (mode) await runAndExit(() => mode(config, logger, process.argv.slice(3)));
    const telemetry = await openTelemetry(declaration.name, config, logger);
    const service = await composeService(declaration, config, logger);
    let stopping = false;
    const stop = (signal: string) => {
      if (stopping) return;
      stopping = true;
      logger.info({ signal }, 'stopping');
      service
        .stop()
        .then(() => telemetry.stop())
        .then(() => {
          logger.info({}, 'stopped');
          process.exit(0);
        }, failed('could not stop cleanly'));
    };
    process.on('SIGTERM', () => stop('SIGTERM'));
    process.on('SIGINT', () => stop('SIGINT'));
    await service.start();
    releaseStartupMemory();
  } catch (error) {
    failed('could not start')(error);
  }
}

/** `node main.js migrate`: makes ready what the service needs, and ends. */
async function migrateAndExit(declaration: ServiceDeclaration, config: ServiceConfig, logger: Logger): Promise<never> {
  await migrateService(declaration, config, logger);
  logger.info({}, 'migrated');
  process.exit(0);
}

/** `node main.js backup --to FOLDER`: copies of its stores, while it runs or not, and ends. */
async function backUpAndExit(declaration: ServiceDeclaration, config: ServiceConfig, logger: Logger): Promise<never> {
  const [, , , option, folder] = process.argv;
  if (option !== '--to' || folder === undefined) throw new Error('backup --to FOLDER');
  await backUpService(declaration, config, folder);
  logger.info({ folder }, 'backed up');
  process.exit(0);
}

async function runAndExit(mode: () => Promise<object>): Promise<never> {
  const answer = await mode();
  if ('refused' in answer) process.exitCode = 1;
  process.stdout.write(`${JSON.stringify(answer)}\n`);
  return exitWhenSaid();
}

/** Before anything is composed: what makes an instrument too early makes it for nobody. */
async function openTelemetry(name: ServiceName, { metricsListen }: ServiceConfig, logger: Logger): Promise<Telemetry> {
  const telemetry = await startTelemetry(name, process.env, metricsListen === undefined ? {} : { metricsListen });
  if (telemetry.metricsPort === undefined) return telemetry;
  observeProcess();
  logger.info({ port: telemetry.metricsPort }, 'metrics are served');
  return telemetry;
}

/** The service as its module composes it, not yet started. */
export async function composeService(declaration: ServiceDeclaration, config: ServiceConfig, logger: Logger): Promise<RunningService> {
  const partition = declaration.partition?.(config);
  const { stores, secrets } = await openShared(declaration, config);
  const shell = new Shell(declaration.name, config, logger, stores, secrets, partition);
  const looking = declaration.restoring ? await beforeItOpens(shell, declaration.restoring) : [];
  const app = await NestFactory.createApplicationContext(shellModule(shell, declaration.module), { logger: false, abortOnError: false });
  const parts = app.get<ServiceParts>(SERVICE_PARTS, { strict: false });
  const controllers = [...app.get(ModulesContainer).values()]
    .flatMap((module) => [...module.providers.values()])
    .filter(({ metatype }) => typeof metatype === 'function' && rpcServiceOf(metatype))
    .map(({ instance }) => instance as object);
  return new RunningService(shell, { ...parts, workers: [...parts.workers, ...looking] }, [...new Set(controllers)]);
}

@Global()
@Module({})
class ShellModule {}

function shellModule(shell: Shell, app: Type): DynamicModule {
  return { module: ShellModule, imports: [app], providers: [{ provide: Shell, useValue: shell }], exports: [Shell] };
}
