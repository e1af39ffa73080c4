import { Metadata, type handleServerStreamingCall, type handleUnaryCall, type ServerWritableStream, type UntypedHandleCall } from '@grpc/grpc-js';
import { Refused } from '@tillid/kernel';
import { statusOfDeadline, statusOfFault, statusOfRefusal } from '@tillid/rpc';
import type { RegisteredRpc } from '../gate/admitted.js';
import { DeadlineExceeded, type Pipeline } from '../pipeline/pipeline.js';
import { refusalOf } from '../pipeline/wire-errors.js';
import type { Logger } from '@tillid/runtime';
import { admittedOf } from './authorise.js';

/** grpc-js sees bytes only: what does not decode is refused by the pipeline, with a reason, instead of by grpc-js as INTERNAL. */
export function grpcHandler(rpc: RegisteredRpc, pipeline: Pipeline, stopping: AbortSignal, logger: Logger): UntypedHandleCall {
  return rpc.definition.responseStream ? streamHandler(rpc, pipeline, stopping, logger) : unaryHandler(rpc, pipeline);
}

export function grpcDefinition(rpc: RegisteredRpc) {
  const bytes = (value: Buffer) => value;
  const { path, requestStream, responseStream } = rpc.definition;
  return { path, requestStream, responseStream, requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes };
}

/** One for all: grpc-js tells of every call that it is gone, those it has answered too, and an error per call costs a stack. */
const callerGone = new Error('the caller is gone');

function unaryHandler(rpc: RegisteredRpc, pipeline: Pipeline): handleUnaryCall<Buffer, Buffer> {
  return (call, callback) => {
    const hungUp = new AbortController();
    call.on('cancelled', () => hungUp.abort(callerGone));
    const admitted = admittedOf(call.metadata);
    pipeline.unary(rpc, admitted, call.request, hungUp.signal).then(
      ({ bytes, position }) => {
        const trailer = new Metadata();
        if (position !== undefined) trailer.set('tillid-position', position);
        callback(null, bytes, trailer);
      },
      (error: unknown) => callback(statusOf(error, admitted.correlationId)),
    );
  };
}

function streamHandler(rpc: RegisteredRpc, pipeline: Pipeline, stopping: AbortSignal, logger: Logger): handleServerStreamingCall<Buffer, Buffer> {
  return (call) => {
    const hungUp = new AbortController();
    call.on('cancelled', () => hungUp.abort(callerGone));
    call.on('close', () => hungUp.abort(callerGone));
    const admitted = admittedOf(call.metadata);
    const signal = AbortSignal.any([hungUp.signal, stopping]);
    const pump = async () => {
      for await (const message of pipeline.stream(rpc, admitted, call.request, signal)) {
        if (signal.aborted) break;
        // A reader that does not keep up holds us here; nothing is read from the store for it meanwhile. Waiting for
        // 'drain' would not do: the stream takes sixteen messages, of any size, before it asks us to wait.
        await written(call, message, signal);
      }
      // A stream that was cut must not look like one that came to its end.
      signal.throwIfAborted();
      call.end();
    };
    pump().catch((error: unknown) => {
      if (hungUp.signal.aborted) return;
      if (stopping.aborted) return void call.emit('error', statusOfRefusal(new Refused('call.service_stopping', 'unknown_outcome')));
      if (!refusalOf(error)) logger.error({ err: error, rpc: rpc.definition.path, correlationId: admitted.correlationId }, 'a stream failed');
      call.emit('error', statusOf(error, admitted.correlationId));
    });
  };
}

/** Resolves when the connection has taken the message; rejects when the reader is gone, since grpc-js then says nothing. */
function written(call: ServerWritableStream<Buffer, Buffer>, message: Buffer, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(signal.reason as Error);
    if (signal.aborted) return gone();
    signal.addEventListener('abort', gone, { once: true });
    call.write(message, () => {
      signal.removeEventListener('abort', gone);
      resolve();
    });
  });
}

/** Unknown errors become INTERNAL with the id to find them by, and no detail. */
function statusOf(error: unknown, correlationId: string) {
  const refused = refusalOf(error);
  if (refused) return statusOfRefusal(refused);
  return error instanceof DeadlineExceeded ? statusOfDeadline() : statusOfFault(correlationId);
}
