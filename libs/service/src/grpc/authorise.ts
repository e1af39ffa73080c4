import { Metadata, ServerInterceptingCall, status, type ServerInterceptor } from '@grpc/grpc-js';
import { statusOfFault, statusOfRefusal } from '@tillid/rpc';
import { Refused, type Ids } from '@tillid/kernel';
import type { Logger } from '@tillid/runtime';
import type { Admitted } from '../gate/admitted.js';
import type { Gate } from '../gate/gate.js';
import { peerCertificate } from './peer-certificate.js';

/** What every certificate of the installation may call, and which no access rule covers: health and reflection tell nothing of anyone. */
export const openServices: readonly string[] = ['/grpc.health.v1.Health/', '/grpc.reflection.v1.ServerReflection/', '/grpc.reflection.v1alpha.ServerReflection/'];

/** Admitted calls on their way from the interceptor to their handler, by the metadata object that travels between them. */
const admitted = new WeakMap<Metadata, Admitted>();

export function admittedOf(metadata: Metadata): Admitted {
  const call = admitted.get(metadata);
  // A handler that is reached past the interceptor must not run.
  if (!call) throw new Refused('call.not_allowed', 'not_allowed');
  return call;
}

/** THE interceptor: in front of every handler there is, before any message is read. */
export function authorise(gate: Gate, stopping: AbortSignal, ids: Ids, logger: Logger): ServerInterceptor {
  return (method, call) => {
    let over = false;
    let leave: (() => void) | undefined;
    const cut = () => call.sendStatus(statusOfRefusal(new Refused('call.service_stopping', 'unknown_outcome')));
    return new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          onReceiveMetadata: (metadata, proceed) => {
            const knock = {
              path: method.path,
              certificate: peerCertificate(call),
              header: (name: string) => {
                const [value] = metadata.get(name);
                return typeof value === 'string' ? value : undefined;
              },
              deadlineMs: Number(call.getDeadline()),
            };
            const open = openServices.some((service) => method.path.startsWith(service));
            const admit = async () => {
              const passed = open ? undefined : await gate.admit(knock);
              // Whoever hung up while the gate was asking has no end to come that would give the place back.
              if (over) return;
              leave = gate.enter(passed?.caller ?? gate.admitOpen(knock), method.path, method.responseStream);
              if (passed) admitted.set(metadata, passed);
              // A health watch never ends by itself, and these handlers are not ours.
              else stopping.addEventListener('abort', cut, { once: true });
            };
            admit().then(
              () => proceed(metadata),
              (error: unknown) => call.sendStatus(refusal(error, ids, logger, method.path)),
            );
          },
          // However the call ended: answered and taken, hung up, or the connection lost.
          onCancel: () => {
            over = true;
            leave?.();
            stopping.removeEventListener('abort', cut);
          },
        });
      },
      // grpc-js answers a call without a message, or with two, as if the method did not exist.
      sendStatus: (answer, next) => next(answer.code === status.UNIMPLEMENTED && answer.details?.startsWith('Received ') ? statusOfRefusal(new Refused('call.malformed', 'invalid')) : answer),
    });
  };
}

function refusal(error: unknown, ids: Ids, logger: Logger, path: string) {
  if (error instanceof Refused) return statusOfRefusal(error);
  const correlationId = ids.newId();
  logger.error({ err: error, rpc: path, correlationId }, 'a call could not be authorised');
  return statusOfFault(correlationId);
}
