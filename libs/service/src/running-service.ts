import { setTimeout as pauseFor } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { AuthenticationServiceService } from '@tillid/contracts/authentication/v1/service';
import { accessRules } from '@tillid/contracts/access';
import { remoteTokenKeys } from '@tillid/crypto';
import { parsePosition, waitForPosition } from '@tillid/rpc';
import { Refused } from '@tillid/kernel';
import { splitHostAndPort } from '@tillid/runtime';
import { FeedController } from './feed/feed-service.js';
import { recordFeedRead } from './feed/record-feed-read.js';
import { relayOf } from './feed/kafka-feed.js';
import { SourceSigner } from './feed/source-signer.js';
import { Gate } from './gate/gate.js';
import { RateLimit } from './gate/rate-limit.js';
import { RefusalLog } from './gate/refusal-log.js';
import { GrpcServer } from './grpc/grpc-server.js';
import { observeService } from './observe-service.js';
import { mutualTlsHttpServer, publicHttpServer } from './http/http-server.js';
import { DeadlineExceeded, Pipeline } from './pipeline/pipeline.js';
import { recordCallRefused } from './record-refusal.js';
import { ReadModelController } from './read-models/read-model-service.js';
import { registeredRpcs } from './registered-rpcs.js';
import { RepeatingTask } from './repeating-task.js';
import { remoteTokenGuard } from './remote-token-guard.js';
import type { ServiceParts, Worker } from './service-parts.js';
import type { Shell } from './shell.js';
import type { TokenGuard } from './token-guard.js';

const defaultDrainMs = 10_000;
const lookAgainMs = 10;
const dayMs = 24 * 3_600_000;

/** A service whose stores are open: starts what answers and what follows, and stops it again in the opposite order. */
export class RunningService {
  /** The ports in use, as soon as they are; what `:0` in the config became. */
  readonly ports: { grpc?: number; http?: number; https?: number } = {};
  private readonly http: FastifyInstance[] = [];
  private grpc: GrpcServer | undefined;
  private refusals: RefusalLog | undefined;
  private refusalTimer: NodeJS.Timeout | undefined;
  /** The service's own, and those that every service has. */
  private workers: readonly Worker[] = [];
  private stopping = false;

  constructor(
    private readonly shell: Shell,
    private readonly parts: ServiceParts,
    private readonly controllers: readonly object[],
    private readonly drainMs = defaultDrainMs,
  ) {}

  async start(): Promise<void> {
    const { shell, parts } = this;
    const { clock, ids, logger, source } = shell;
    const { store, progress } = parts;
    const signer = await SourceSigner.open({ source, store, secrets: shell.secrets, clock, ids });
    const callSecret = await shell.secret('call');
    const tokens = parts.tokens ?? this.remoteTokens();
    const refusals = new RefusalLog(clock, logger, async (broken) => {
      const { tokenId } = broken;
      if (tokenId !== undefined && tokens.recordMisuse) await tokens.recordMisuse({ ...broken, tokenId });
      else await recordCallRefused({ store, source, clock, ids }, broken);
    });
    const gate = new Gate({ rules: accessRules, rates: new RateLimit(clock), tokens, refusals, clock, ids });
    const pipeline = new Pipeline({ gate, callSecret, clock, ids, logger, waitForPosition: (...wanted) => this.waitForPosition(...wanted) });
    const feed = new FeedController({ source, store, signer, progress, clock, recordReading: (auditorId) => recordFeedRead({ store, source, clock, ids }, auditorId) });
    const rpcs = registeredRpcs([...this.controllers, feed, new ReadModelController(parts.readModels)]);

    this.refusals = refusals;
    this.refusalTimer = setInterval(() => void refusals.flushEnded(), 10_000);
    this.grpc = new GrpcServer({ rpcs, gate, pipeline, tls: shell.tls, ids, logger });
    this.ports.grpc = await this.grpc.listen(shell.config.grpcListen);
    // A limit of its own: addresses are as many as an attacker likes, and must not push callers out of theirs.
    await this.listenHttp({ routes: parts.routes ?? [], gate, rates: new RateLimit(clock), refusals, logger });
    const relay = shell.kafka && (await relayOf(shell, shell.kafka.client, store, signer));
    this.workers = [...parts.workers, ...(relay ? [relay] : []), renewing(signer, shell)];
    for (const worker of this.workers) await worker.start();
    observeService(shell, parts);
    if (!(await this.caughtUpWithItself())) return;
    this.grpc.serving();
    logger.info({ service: shell.name, grpc: shell.config.grpcListen }, 'ready');
  }

  /**
   * Read models of our own log are behind it after a crash, and empty after a new version of them: until they are there
   * health says NOT_SERVING, and nobody is sent here to be told that nothing is known. False when told to stop meanwhile.
   */
  private async caughtUpWithItself(): Promise<boolean> {
    const { source } = this.shell;
    const { position } = await this.parts.store.head();
    // A parked consumer comes no further, and says so in its own place.
    const behind = () => this.parts.progress.list().some((line) => line.source === source && !line.parked && line.position < position);
    while (behind() && !this.stopping) await pauseFor(lookAgainMs);
    return !this.stopping;
  }

  /** Drains calls, then stops what follows, then closes the stores. Goes on to the end whatever fails on the way, and says so. */
  async stop(): Promise<void> {
    this.stopping = true;
    clearInterval(this.refusalTimer);
    const steps: (() => unknown)[] = [
      () => Promise.all([this.grpc?.stop(this.drainMs), ...this.http.map((server) => this.closeHttp(server))]),
      ...this.workers.toReversed().map((worker) => () => worker.stop()),
      () => this.refusals?.flushEnded(true),
      () => this.shell.closeClients(),
      ...this.parts.close.map((closable) => () => closable.close()),
      () => this.shell.stores.close(),
    ];
    const failures: unknown[] = [];
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    for (const err of failures) this.shell.logger.error({ err }, 'a step of stopping failed');
    if (failures.length > 0) throw failures[0];
  }

  /** Lets replies underway be taken; whoever takes too long is cut, or one slow reader could keep the service from ever stopping. */
  private async closeHttp(server: FastifyInstance): Promise<void> {
    const timer = setTimeout(() => server.server.closeAllConnections(), this.drainMs);
    try {
      await server.close();
    } finally {
      clearTimeout(timer);
    }
  }

  private async listenHttp(parts: Parameters<typeof publicHttpServer>[0]): Promise<void> {
    const { httpListen, httpsListen } = this.shell.config;
    const listen = async (server: FastifyInstance, address: string) => {
      this.http.push(server);
      await server.listen(splitHostAndPort(address));
      const [bound] = server.addresses();
      return typeof bound === 'object' ? bound.port : 0;
    };
    if (parts.routes.length === 0) return;
    if (httpListen) this.ports.http = await listen(publicHttpServer(parts), httpListen);
    if (httpsListen) this.ports.https = await listen(mutualTlsHttpServer(parts, this.shell.tls), httpsListen);
  }

  private remoteTokens(): TokenGuard {
    const { jwksUrls } = this.shell.config;
    if (!jwksUrls) return { check: () => Promise.reject(new Refused('token.keys_unavailable', 'unknown_outcome')) };
    const { tls } = this.shell;
    const keys = remoteTokenKeys({ urls: jwksUrls, identity: () => ({ keyPem: tls.key.toString(), certificatePem: tls.cert.toString(), caPem: tls.ca.toString() }) });
    return remoteTokenGuard(keys, this.shell.issuer, this.shell.peer('authentication', AuthenticationServiceService), this.shell.clock);
  }

  private async waitForPosition(position: string, deadlineMs: number, signal: AbortSignal): Promise<void> {
    const wanted = parsePosition(position);
    if (!wanted) return;
    if (!(await waitForPosition(this.parts.progress, wanted, signal))) throw new DeadlineExceeded(`${position} was not taken in by ${deadlineMs}`);
  }
}

/** Once a day and at start: the source's key, when it is older than the setting says. */
function renewing(signer: SourceSigner, { config, logger, source }: Shell): Worker {
  const renew = async () => {
    if (await signer.renew(config.sourceKeyDays * dayMs)) logger.info({ source }, 'the source has a new key, announced in its log');
  };
  return new RepeatingTask(dayMs, renew, (err) => logger.error({ err, source }, "the source's key could not be renewed"));
}
