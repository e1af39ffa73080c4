import { join } from 'node:path';
import { checkout } from '../support/system.js';

// The programs as they are built, loaded like the other proofs load them: nothing may import an app.
const built = <Module>(file: string) => import(join(checkout, 'apps', file)) as Promise<Module>;

export const { verify } = await built<typeof import('../../apps/auditor/src/verify/verify.js')>('auditor/dist/verify/verify.js');
export const { openLog } = await built<typeof import('../../apps/auditor/src/log/open-log.js')>('auditor/dist/log/open-log.js');
export const { compare } = await built<typeof import('../../apps/auditor/src/compare/compare.js')>('auditor/dist/compare/compare.js');
export const { replay } = await built<typeof import('../../apps/auditor/src/replay/replay.js')>('auditor/dist/replay/replay.js');
export const { withBundles } = await built<typeof import('../../apps/auditor/src/entries/replayed-entries.js')>('auditor/dist/entries/replayed-entries.js');
export const { TreeLog } = await built<typeof import('../../apps/audit/src/integrate/tree-log.js')>('audit/dist/integrate/tree-log.js');
export const { LogFolder } = await built<typeof import('../../apps/audit/src/integrate/log-folder.js')>('audit/dist/integrate/log-folder.js');
export const { openSigningKey } = await built<typeof import('../../apps/audit/src/integrate/signing-key.js')>('audit/dist/integrate/signing-key.js');
export const { Heads } = await built<typeof import('../../apps/audit/src/take-in/heads.js')>('audit/dist/take-in/heads.js');
export const { HeadsRecorder } = await built<typeof import('../../apps/audit/src/take-in/heads-recorder.js')>('audit/dist/take-in/heads-recorder.js');
export const { openOrigin } = await built<typeof import('../../apps/audit/src/open-origin/open-origin.js')>('audit/dist/open-origin/open-origin.js');
export const { loggedEvents } = await built<typeof import('../../apps/audit/src/domain/audit.events.js')>('audit/dist/domain/audit.events.js');
