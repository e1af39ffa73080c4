import type { SpanName } from '@tillid/eventsourcing';

/** The one list of span, attribute and metric names. A name that is not here is not used; none holds a value of a person. */
export const spanNames = {
  // The server and client spans of an rpc are named by the rpc itself: "tillid.consent.v1.ConsentService/GrantConsent".
  handle: 'handle',
  read: 'handle.read',
  append: 'handle.append',
  /** Projections, reactions and the ledger's ingestion: one batch of one consumer. */
  apply: 'consumer.apply',
  /** The relay's: one batch to Kafka. */
  publish: 'relay.publish',
  /** Audit's: events become leaves of a signed tree. */
  integrate: 'integrate',
  http: 'http',
} as const satisfies Record<string, SpanName | 'http'>;

export const attributeNames = {
  rpcSystem: 'rpc.system',
  rpcMethod: 'rpc.method',
  httpRoute: 'http.route',
  callerKind: 'tillid.caller.kind',
  /** Stable code of a refusal. */
  refusal: 'tillid.refusal',
  correlationId: 'tillid.correlation_id',
  service: 'tillid.service',
  source: 'tillid.source',
  consumer: 'tillid.consumer',
  /** How a batch of events came: own, direct (gRPC from the source), relayed (Kafka). */
  transport: 'tillid.transport',
  /** These two are counts that libs/eventsourcing gives its spans. */
  events: 'tillid.events',
  streams: 'tillid.streams',
  limit: 'tillid.limit',
  lease: 'tillid.lease',
  /** Its name in the installation's policy. */
  witness: 'tillid.witness',
  change: 'tillid.change',
  /** "log", "ledger". */
  store: 'tillid.store',
  /** Why a commit was sent again: another replica had its position, or the answer was lost. */
  retry: 'tillid.retry',
  /** Which part of a figure: a percentile, a kind of memory, user or system time. */
  of: 'tillid.of',
} as const;

export const metricNames = {
  rpcDurationMs: 'tillid.rpc.duration',
  appendDurationMs: 'tillid.append.duration',
  appendedEvents: 'tillid.append.events',
  consumerLag: 'tillid.consumer.lag',
  consumersParked: 'tillid.consumer.parked',
  consumerSilence: 'tillid.consumer.silence',
  relayLag: 'tillid.relay.lag',
  relaySilence: 'tillid.relay.silence',
  leaseHeld: 'tillid.lease.held',
  leaseChanges: 'tillid.lease.changes',
  appendRetries: 'tillid.append.retries',
  checkpointAge: 'tillid.checkpoint.age',
  checkpointBehind: 'tillid.checkpoint.behind',
  checkpointSize: 'tillid.checkpoint.size',
  checkpointUnwitnessed: 'tillid.checkpoint.unwitnessed',
  witnessSilent: 'tillid.witness.silent',
  witnessBehind: 'tillid.witness.behind',
  /** Entries about somebody of whom no link says who it is: above 0 for long, a service made a pseudonym up. */
  ownLogUnlinked: 'tillid.own_log.unlinked',
  sourceRewrotePast: 'tillid.source.rewrote_past',
  certificateRemaining: 'tillid.certificate.remaining',
  eventLoopDelay: 'tillid.process.event_loop_delay',
  processMemory: 'tillid.process.memory',
  processCpu: 'tillid.process.cpu',
  processUptime: 'tillid.process.uptime',
  throttled: 'tillid.throttled',
  refusalsRecorded: 'tillid.refusals.recorded',
  /** Written by `tillid-auditor rebuild`, which is no service: 1 for a list that is not what the ledger gives. */
  readModelDrift: 'tillid.read_model.drift',
  /** When that was last looked at, in seconds since 1970. */
  readModelChecked: 'tillid.read_model.checked',
} as const;

/** Counters of libs/eventsourcing (its CounterName) come out under this prefix: "tillid.consumer.gaps". */
export const metricPrefix = 'tillid.';
