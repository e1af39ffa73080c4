import { join } from 'node:path';
import type { FollowedReadModels } from '@tillid/eventsourcing';
import type { ServiceName } from '@tillid/runtime';
import { checkout } from '../support/system.js';

// The programs as they are built, loaded like the other proofs load them: nothing may import an app.
const built = <Module>(file: string) => import(join(checkout, 'apps', file)) as Promise<Module>;

export const { verify } = await built<typeof import('../../apps/auditor/src/verify/verify.js')>('auditor/dist/verify/verify.js');
export const { openLog } = await built<typeof import('../../apps/auditor/src/log/open-log.js')>('auditor/dist/log/open-log.js');
export const { compare } = await built<typeof import('../../apps/auditor/src/compare/compare.js')>('auditor/dist/compare/compare.js');
export const { replay } = await built<typeof import('../../apps/auditor/src/replay/replay.js')>('auditor/dist/replay/replay.js');
export const { withBundles } = await built<typeof import('../../apps/auditor/src/entries/replayed-entries.js')>('auditor/dist/entries/replayed-entries.js');
export const { oneKey } = await built<typeof import('../../apps/audit/src/log-keys/tree-keys.js')>('audit/dist/log-keys/tree-keys.js');
export const { TreeLog } = await built<typeof import('../../apps/audit/src/integrate/tree-log.js')>('audit/dist/integrate/tree-log.js');
export const { LogFolder } = await built<typeof import('../../apps/audit/src/integrate/log-folder.js')>('audit/dist/integrate/log-folder.js');
export const { openSigningKey } = await built<typeof import('../../apps/audit/src/integrate/signing-key.js')>('audit/dist/integrate/signing-key.js');
export const { Heads } = await built<typeof import('../../apps/audit/src/take-in/heads.js')>('audit/dist/take-in/heads.js');
export const { HeadsRecorder } = await built<typeof import('../../apps/audit/src/take-in/heads-recorder.js')>('audit/dist/take-in/heads-recorder.js');
export const { openOrigin } = await built<typeof import('../../apps/audit/src/open-origin/open-origin.js')>('audit/dist/open-origin/open-origin.js');
export const { loggedEvents } = await built<typeof import('../../apps/audit/src/domain/audit.events.js')>('audit/dist/domain/audit.events.js');
export const { compareLists, explained } = await built<typeof import('../../apps/auditor/src/rebuild/compare-lists.js')>('auditor/dist/rebuild/compare-lists.js');
export const { rebuildWith } = await built<typeof import('../../apps/auditor/src/rebuild/service-program.js')>('auditor/dist/rebuild/service-program.js');
/** A service's own declaration of its lists. */
export const listsOf = async (service: ServiceName) => (await built<{ readonly readModels: FollowedReadModels }>(`${service}/dist/read-models.js`)).readModels;
export const { Monitor } = await built<typeof import('../../apps/auditor/src/watch/monitor.js')>('auditor/dist/watch/monitor.js');
export const { Witness } = await built<typeof import('../../apps/auditor/src/witness/witness.js')>('auditor/dist/witness/witness.js');
export const { witnessServer } = await built<typeof import('../../apps/auditor/src/witness/witness-server.js')>('auditor/dist/witness/witness-server.js');
export const { openWitnessFolder } = await built<typeof import('../../apps/auditor/src/witness/witness-folder.js')>('auditor/dist/witness/witness-folder.js');
export const { checkedReceipt } = await built<typeof import('../../apps/auditor/src/receipt/receipt.js')>('auditor/dist/receipt/receipt.js');
export const { askWitness, WitnessSilent } = await built<typeof import('../../apps/audit/src/witness/ask-witness.js')>('audit/dist/witness/ask-witness.js');
