// The manifests and the programs agree: `node tools/k8s/agree.mjs` looks at the sources of every overlay, and proves that each rule
// would have refused a mistake of its kind. tools/k8s/check.mjs asks the same of what kustomize renders.
import { overlays, sourcesOf } from './manifests.mjs';
import { mistakes } from './mistakes.mjs';
import { alarmsAgree } from './rules/alarms.mjs';
import { callsAgree } from './rules/calls.mjs';
import { certificatesAgree } from './rules/certificates.mjs';
import { databaseAgrees } from './rules/database.mjs';
import { kafkaAgrees } from './rules/kafka.mjs';
import { podsAgree } from './rules/pods.mjs';
import { portsAgree } from './rules/ports.mjs';
import { settingsAgree } from './rules/settings.mjs';
import { witnessesAgree } from './rules/witnesses.mjs';

const rules = [settingsAgree, portsAgree, callsAgree, podsAgree, certificatesAgree, kafkaAgrees, databaseAgrees, alarmsAgree, witnessesAgree];

/** Everything the manifests of one overlay have wrong. */
export async function complaintsAbout(manifests) {
  return (await Promise.all(rules.map((rule) => rule(manifests)))).flat();
}

if (import.meta.main) {
  const complaints = (await Promise.all(overlays.map(async (overlay) => (await complaintsAbout(sourcesOf(overlay))).map((complaint) => `${overlay}: ${complaint}`)))).flat();
  for (const { what, make, complaint } of mistakes) {
    const manifests = structuredClone(sourcesOf('staging'));
    make(manifests);
    const heard = await complaintsAbout(manifests);
    if (!heard.some((each) => each.includes(complaint))) complaints.push(`${what} was not refused with "${complaint}", but with ${JSON.stringify(heard)}`);
  }
  process.stderr.write(complaints.map((complaint) => `${complaint}\n`).join(''));
  process.exit(complaints.length === 0 ? 0 : 1);
}
