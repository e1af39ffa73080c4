import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installationOf } from '@tillid/eventsourcing';

/**
 * The log's name: the installation's, until that log was lost and another continued it. Which of them lies in the folder says the
 * key that was published with it; a name of another installation is not believed.
 */
export function logOriginIn({ data, origin }: { readonly data: string; readonly origin: string }): string {
  const vkeyFile = join(data, 'log.vkey');
  const published = existsSync(vkeyFile) ? readFileSync(vkeyFile, 'utf8').split('+')[0]! : origin;
  return installationOf(published) === origin ? published : origin;
}
