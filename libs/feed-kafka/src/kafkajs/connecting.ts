import type { KafkaConfig } from 'kafkajs';
import type { Sockets } from './sockets.js';

/** What each connection is made with: kafkajs' settings, and the sockets it may use until it is closed. */
export interface Connecting {
  readonly config: KafkaConfig & Required<Pick<KafkaConfig, 'connectionTimeout' | 'requestTimeout' | 'retry' | 'socketFactory'>> & { readonly brokers: string[]; readonly clientId: string };
  readonly sockets: Sockets;
}
