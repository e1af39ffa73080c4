import kafkajs, { type Admin, type LogEntry } from 'kafkajs';
import type { Logger } from '@tillid/runtime';
import type { KafkaClient } from '../kafka-client.js';
import type { Connecting } from './connecting.js';
import { kafkajsReading } from './kafkajs-reading.js';
import { kafkajsWriting } from './kafkajs-writing.js';
import { closableSockets, type KafkaTls } from './sockets.js';
import './internals.js';

export interface KafkaClientOptions {
  /** host:port of some; the rest is learnt from them. */
  readonly brokers: readonly string[];
  /** Undefined: no TLS, which only tests want. A function is asked at each connection: certificates are renewed. */
  readonly tls: KafkaTls | (() => KafkaTls) | undefined;
  /** Who this is, in the brokers' logs: "consent". Whom they let in is the certificate's. */
  readonly clientId: string;
  readonly logger: Logger;
}

/** Nothing is connected until something is opened; each thing opened has connections of its own. */
export function kafkaClient({ brokers, tls, clientId, logger }: KafkaClientOptions): KafkaClient {
  const identity = typeof tls === 'object' ? () => tls : tls;
  const connecting = (): Connecting => {
    const sockets = closableSockets(identity);
    return {
      sockets,
      config: {
        brokers: [...brokers],
        clientId,
        socketFactory: sockets.factory,
        connectionTimeout: 3000,
        requestTimeout: 15_000,
        // Three seconds or so in all; whoever needs more begins anew, and says so.
        retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 5 },
        // What fails is told to whoever asked for it, who says it once and in our words.
        logLevel: kafkajs.logLevel.WARN,
        logCreator: () => quietly(logger),
      },
    };
  };
  return {
    openReading: (topic) => kafkajsReading(connecting(), topic),
    openWriting: (topic) => kafkajsWriting(connecting(), topic),
    administer: (work) => administered(connecting(), work),
  };
}

async function administered<Result>({ config, sockets }: Connecting, work: (admin: Admin) => Promise<Result>): Promise<Result> {
  const admin = new kafkajs.Kafka(config).admin();
  try {
    await admin.connect();
    return await work(admin);
  } finally {
    await admin.disconnect();
    sockets.close();
  }
}

function quietly(logger: Logger) {
  return ({ log: { message, timestamp: _timestamp, logger: _logger, stack: _stack, ...fields } }: LogEntry) => logger.debug({ kafkajs: message, ...fields }, 'kafkajs says');
}
