import { count, serviceSettings, setting } from '@tillid/runtime';
import { z } from 'zod';

/** Every setting of authentication, beside what all services have. */
export const authenticationConfig = {
  ...serviceSettings,
  hashesAtOnce: setting({
    variable: 'TILLID_HASHES_AT_ONCE',
    schema: count(1, 64),
    default: '2',
    meaning: 'password hashes computed at the same time, 19 MiB and a core each',
    breaks: 'more than the cores there are makes every sign-in slower; libuv has four threads unless UV_THREADPOOL_SIZE says otherwise',
  }),
  hashPlacesKnown: setting({
    variable: 'TILLID_HASH_PLACES_KNOWN',
    schema: count(1, 100_000),
    default: '256',
    meaning: 'places in line for hashing kept for devices that signed in before',
    breaks: 'too few: known devices are refused at a peak; too many: they wait longer than anyone would',
  }),
  hashPlacesUnknown: setting({
    variable: 'TILLID_HASH_PLACES_UNKNOWN',
    schema: count(1, 100_000),
    default: '512',
    meaning: 'places in line for hashing for everyone else',
    breaks: 'too few: new devices are refused at a peak; too many: they wait longer than anyone would',
  }),
  sessionMinutes: setting({
    variable: 'TILLID_SESSION_MINUTES',
    schema: count(1, 1440),
    default: '60',
    meaning: 'how long a session lasts if nobody ends it; a token lasts five minutes whatever this says',
    breaks: 'longer: a stolen session lives longer; shorter: citizens sign in more often',
  }),
  unrecordedSignIns: setting({
    variable: 'TILLID_SIGN_IN_UNRECORDED',
    schema: z.enum(['go_on', 'refuse'], 'neither go_on nor refuse'),
    default: 'go_on',
    meaning: "whether new sign-ins begin (`go_on`, `refuse`) while an event of this service waits too long for its place in audit's signed log; one under way may end",
    breaks: 'go_on: sign-ins are recorded late, and until then only here; refuse: nobody can sign in while audit is away',
  }),
  unrecordedSignInSeconds: setting({
    variable: 'TILLID_SIGN_IN_UNRECORDED_SECONDS',
    schema: count(1, 86_400),
    default: '60',
    meaning: 'what is too long there',
    breaks: 'too short: under `refuse`, sign-ins stop at every restart of audit; too long: citizens sign in while nobody records it',
  }),
  openSignInsPerClient: setting({
    variable: 'TILLID_OPEN_SIGN_INS_PER_CLIENT',
    schema: count(1, 200_000),
    default: '20000',
    meaning: 'sign-ins one client may have begun and not ended, counted per process',
    breaks: 'too few: sign_in.too_many_open at a peak; too many: one client can fill the store that all share',
  }),
  expiringEntries: setting({
    variable: 'TILLID_EXPIRING_ENTRIES',
    schema: count(1000, 50_000_000),
    default: '1000000',
    meaning: 'entries held for sign-ins under way (two each), as many again for tries of strangers, and for known devices and theirs',
    breaks: 'full: nobody can begin a sign-in, or try a password from a device that is not known, until older entries expire',
  }),
} as const;
