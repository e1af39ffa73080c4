import { Refused } from '@tillid/kernel';
import type { RpcOptions } from '@tillid/rpc';
import { describe, expect, it } from 'vitest';
import { Diary } from './diary.js';

const call = (answers: readonly (object | Error)[], kind: 'relying_service' | 'official' = 'relying_service') => {
  let next = 0;
  return {
    caller: { kind, id: 'fjordbanken' } as const,
    rpc: '/tillid.consent.v1.ConsentService/RequestShare',
    request: { idempotencyKey: 'the-one-key-of-this-call' },
    send: (options?: RpcOptions) => {
      const answer = answers[next++]!;
      if (answer instanceof Error) return Promise.reject(answer);
      options?.onPosition?.('consent/0@17');
      return Promise.resolve(answer);
    },
  };
};
const away = new Refused('peer.unavailable', 'unknown_outcome');

describe('the diary of the day', () => {
  it('writes down what was acknowledged, where, and what a relying service got to see', async () => {
    const diary = new Diary(false);
    await diary.around(call([{ shareId: 's.1' }]));
    expect(diary.acknowledged).toMatchObject([{ caller: 'relying_service/fjordbanken', position: 'consent/0@17', idempotencyKey: 'the-one-key-of-this-call', tries: 1 }]);
    expect(diary.received).toEqual({ fjordbanken: [{ rpc: '/tillid.consent.v1.ConsentService/RequestShare', reply: { shareId: 's.1' } }] });
    await diary.around(call([{}], 'official'));
    expect(Object.keys(diary.received)).toEqual(['fjordbanken']);
  });

  it('goes on when a service is away, if told to', async () => {
    const diary = new Diary(true);
    await diary.around(call([away, new Refused('store.full', 'busy'), { shareId: 's.1' }]));
    expect(diary.acknowledged).toMatchObject([{ tries: 3 }]);
    await expect(new Diary(false).around(call([away, {}]))).rejects.toBe(away);
  });

  it('takes a refusal for an answer, also the one that slows a thief down', async () => {
    const diary = new Diary(true);
    for (const refusal of [new Refused('consent.withdrawn', 'precondition'), new Refused('sign_in.too_many_tries', 'busy')]) {
      await expect(diary.around(call([refusal, {}]))).rejects.toBe(refusal);
    }
    expect(diary.refusals.map(({ code }) => code)).toEqual(['consent.withdrawn', 'sign_in.too_many_tries']);
  });
});
