import { systemIds } from '@tillid/crypto';
import type { DataFolder } from '../installation/data-folder.js';
import type { Running } from '../installation/running.js';
import { assembleCast } from './cast.js';
import type { Day } from './day.js';
import { Diary } from './diary.js';
import { Expectations } from './expectations.js';
import { SeededRandom } from './random-source.js';
import { scenes } from './scenes.js';

export interface DayOptions {
  readonly citizens: number;
  readonly seed: number;
  /** Calls a service that is away again, with the same idempotency key, until it is back. */
  readonly keepGoing: boolean;
  readonly oneAtATime: boolean;
  readonly progress: (scene: string, done: number, total: number) => void;
}

export interface DayReport {
  readonly day: Day;
  readonly diary: Diary;
  readonly seconds: number;
}

const citizensAtOnce = 8;

/** Plays every scene, whatever the ones before it came to, so that the report tells all that does not hold. */
export async function nationalDay(data: DataFolder, running: Running, options: DayOptions): Promise<DayReport> {
  const startedAtMs = performance.now();
  const diary = new Diary(options.keepGoing);
  const cast = await assembleCast(data, running, diary.around);
  // Ten characters of an id: no two runs on the same data share a user id or an agreement.
  const run = systemIds.newId().slice(0, 10);
  const day: Day = {
    ...cast,
    running,
    run,
    random: new SeededRandom(options.seed),
    expect: new Expectations(),
    size: options.citizens,
    atOnce: options.oneAtATime ? 1 : citizensAtOnce,
    citizens: [],
    accessLog: [],
    ownLog: undefined,
    receipt: undefined,
  };
  const total = scenes.reduce((sum, scene) => sum + scene.steps(day), 0);
  let done = 0;
  try {
    for (const scene of scenes) {
      day.expect.in(scene.name);
      const before = done;
      options.progress(scene.name, done, total);
      try {
        await scene.play(day, () => options.progress(scene.name, ++done, total));
      } catch (error) {
        day.expect.failed('the scene is played to its end', error);
        // Whoever was to be in the later scenes is not there.
        if (day.citizens.length < day.size) break;
      }
      done = before + scene.steps(day);
    }
  } finally {
    cast.close();
  }
  return { day, diary, seconds: (performance.now() - startedAtMs) / 1000 };
}
