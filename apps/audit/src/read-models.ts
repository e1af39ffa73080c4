import { followed, ledgerSource } from '@tillid/eventsourcing';
import { clientsProjection } from './access-log/clients.read-model.js';
import { entriesProjection } from './access-log/entries.read-model.js';
import { linksProjection } from './access-log/links.read-model.js';
import { ownLogConsumer } from './own-log/own-log.consumer.js';
import { ownLogsModel } from './own-log/own-log.documents.js';
import { readingDaysProjection } from './record-reading/reading-days.read-model.js';

/** All of them: what the service follows, and what `rebuild` builds again. Each is a function of the ledger, and of nothing else. */
export const readModels = {
  entries: followed(ledgerSource, entriesProjection),
  links: followed(ledgerSource, linksProjection),
  clients: followed(ledgerSource, clientsProjection),
  readingDays: followed(ledgerSource, readingDaysProjection),
  ownLogs: { source: ledgerSource, model: ownLogsModel, open: ownLogConsumer },
} as const;
