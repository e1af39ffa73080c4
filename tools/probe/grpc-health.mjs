// What Kubernetes (or compose) runs inside a service's container to ask how it is: `node grpc-health.mjs ready|alive`. Health stands
// behind mTLS, and a probe from outside has no certificate; this one shows the service's own. Exit code 0: yes. 1: no, and why.
// Nothing but Node: it starts every few seconds, beside the service, in the service's memory.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { join } from 'node:path';

const timeoutMs = 4000;
/** HealthCheckResponse.ServingStatus; `alive` asks only whether anybody answers. */
const statuses = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
const questions = { ready: ['SERVING'], alive: statuses };

const { TILLID_TLS: tls, TILLID_GRPC_LISTEN: listen } = process.env;
const goodAnswers = questions[process.argv[2]];
if (!goodAnswers || !tls || !listen) no('usage: TILLID_TLS=folder TILLID_GRPC_LISTEN=host:port node grpc-health.mjs ready|alive');

setTimeout(() => no(`no answer within ${timeoutMs} ms`), timeoutMs);
const answer = await check().catch((error) => no(error.message));
if (!goodAnswers.includes(answer)) no(answer);
process.exit(0);

/** One Check of grpc.health.v1.Health, as gRPC puts it on HTTP/2: a frame of five bytes and no message in it. */
function check() {
  const [key, cert, ca] = ['key', 'cert', 'ca'].map((name) => readFileSync(join(tls, `${name}.pem`)));
  const self = nameOf(new X509Certificate(cert).subjectAltName);
  const checkServerIdentity = (_host, { subjectaltname }) => (nameOf(subjectaltname) === self ? undefined : new Error(`the one that answers is not ${self}`));
  return new Promise((resolve, reject) => {
    const session = connect(`https://${dialled(listen)}`, { key, cert, ca, checkServerIdentity, servername: 'localhost' });
    const call = session.request({ ':method': 'POST', ':path': '/grpc.health.v1.Health/Check', 'content-type': 'application/grpc', te: 'trailers' });
    const chunks = [];
    const end = {};
    const heard = (headers) => Object.assign(end, headers);
    call.on('response', heard).on('trailers', heard).on('data', (chunk) => chunks.push(chunk));
    call.on('end', () => (end['grpc-status'] === '0' ? resolve(statusIn(Buffer.concat(chunks))) : reject(new Error(`gRPC status ${end['grpc-status']}: ${end['grpc-message'] ?? ''}`))));
    for (const source of [session, call]) source.on('error', reject);
    call.end(Buffer.alloc(5));
  });
}

/** Field 1 of the reply, a varint; absent is 0. */
function statusIn(reply) {
  return statuses[reply[5] === 0x08 ? reply[6] : 0] ?? 'UNKNOWN';
}

function nameOf(subjectAltName = '') {
  return subjectAltName.split(', ').find((name) => name.startsWith('URI:'));
}

/** What listens everywhere is asked at home. */
function dialled(address) {
  return address.replace(/^(0\.0\.0\.0|\[::\]):/, '127.0.0.1:');
}

function no(why) {
  process.stderr.write(`${why}\n`);
  process.exit(1);
}
