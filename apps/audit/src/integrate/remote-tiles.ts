import { Agent, request } from 'node:https';
import { checkPeer, type TlsIdentity } from '@tillid/rpc';
import { parseLogPath, type LogFiles } from '@tillid/transparency';

const answerMs = 5_000;
const connectionsMax = 8;
/** A full bundle of the largest entries; a tile is far smaller. */
const bytesMax = 17 * 1024 * 1024;

/** The integrator's volume, read over its mTLS listener: for replicas of audit that have none. What is read is checked by whoever uses it, as from a folder. */
export class RemoteTiles implements LogFiles {
  private readonly agent: Agent;

  /** `url`: "https://audit-integrator:7424". */
  constructor(private readonly url: string, private readonly tls: TlsIdentity) {
    this.agent = new Agent({
      keepAlive: true,
      maxSockets: connectionsMax,
      minVersion: 'TLSv1.3',
      servername: 'localhost',
      checkServerIdentity: (_host, certificate) => checkPeer('audit', certificate),
    });
  }

  async read(path: string): Promise<Buffer | undefined> {
    if (parseLogPath(path) === undefined) return undefined;
    // Read at each request: certificates are renewed while we run, and the agent opens a new connection for a new one.
    const { key, cert, ca } = this.tls;
    return new Promise((resolve, reject) => {
      const asked = request(new URL(`/${path}`, this.url), { agent: this.agent, timeout: answerMs, key, cert, ca }, (reply) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        reply.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > bytesMax) asked.destroy(new Error('a tile is too large'));
          chunks.push(chunk);
        });
        reply.on('error', reject);
        reply.on('end', () => {
          if (reply.statusCode === 200) resolve(Buffer.concat(chunks));
          else if (reply.statusCode === 404) resolve(undefined);
          else reject(new Error(`the integrator answered ${reply.statusCode}`));
        });
      });
      asked.on('timeout', () => asked.destroy(new Error('the integrator does not answer')));
      asked.on('error', reject);
      asked.end();
    });
  }

  close(): void {
    this.agent.destroy();
  }
}
