import { setTimeout as pauseFor } from 'node:timers/promises';
import { ReadModelServiceService, type GetDigestsRequest, type ReadModelDigest } from '@tillid/contracts/readmodels/v1/service';
import type { OpenReadModel } from '@tillid/eventsourcing';
import { refusals } from '@tillid/kernel';
import type { Call } from '../call.js';
import { RpcController } from '../rpc-controller.js';

const tries = 5;
const pauseMs = 200;

const refuse = refusals({ 'read_models.moving': 'busy' });

/** The digests of this service's read models. Expensive, so one at a time whoever asks; a caller who has hung up is not read for. */
@RpcController(ReadModelServiceService)
export class ReadModelController {
  private turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly readModels: readonly OpenReadModel[]) {}

  getDigests = (_request: GetDigestsRequest, { signal }: Call): AsyncGenerator<ReadModelDigest> => this.digests(signal);

  private async *digests(signal: AbortSignal): AsyncGenerator<ReadModelDigest> {
    for (const readModel of this.readModels) {
      const mine = this.turn.then(() => (signal.aborted ? undefined : digestOf(readModel, signal)));
      this.turn = mine.catch(() => undefined);
      const digest = await mine;
      if (!digest) return;
      yield digest;
    }
  }
}

async function digestOf({ source, version, consumer }: OpenReadModel, signal: AbortSignal): Promise<ReadModelDigest> {
  for (let tried = 0; tried < tries && !signal.aborted; tried++) {
    if (tried > 0) await pauseFor(pauseMs);
    const found = await consumer.table.snapshot(consumer.checkpointName, [source]);
    if (found) return { name: consumer.name, version, digest: found.digest, documents: found.documents, source, position: found.positions[source] ?? 0 };
  }
  throw refuse('read_models.moving', { retryAfterMs: 10_000 });
}
