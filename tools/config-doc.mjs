// docs/config.md from the settings themselves: `node tools/config-doc.mjs` writes it, `--check` (in lint) fails when it is not what they say.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configRows, serviceSettings } from '../libs/runtime/dist/index.js';
import { auditConfig } from '../apps/audit/dist/audit.config.js';
import { authenticationConfig } from '../apps/authentication/dist/authentication.config.js';
import { consentConfig } from '../apps/consent/dist/consent.config.js';
import { identityConfig } from '../apps/identity/dist/identity.config.js';

const path = join(import.meta.dirname, '../docs/config.md');
const shared = new Set(Object.keys(serviceSettings));
const own = (settings) => Object.fromEntries(Object.entries(settings).filter(([name]) => !shared.has(name)));
const sections = {
  'Every service': serviceSettings,
  'identity, besides': own(identityConfig),
  'authentication, besides': own(authenticationConfig),
  'consent, besides': own(consentConfig),
  'audit, besides': own(auditConfig),
};
const document = `# Configuration

Each service reads its environment once, at start, and does not start when a variable is missing, cannot be read, or is
none of these. \`tillid up\` sets what is required. Secrets are never in the environment ([SECURITY.md](../SECURITY.md)).
Telemetry is off until the standard variables (\`OTEL_EXPORTER_OTLP_ENDPOINT\` and the like) say where it goes.

${Object.entries(sections).map(([title, settings]) => `## ${title}\n\n${configRows(settings)}`).join('\n')}`;

if (!process.argv.includes('--check')) writeFileSync(path, document);
else if (readFileSync(path, 'utf8') !== document) {
  process.stderr.write('docs/config.md is not what the settings say; run: node tools/config-doc.mjs\n');
  process.exit(1);
}
