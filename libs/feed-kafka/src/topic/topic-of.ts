/** "consent/0" -> "tillid.consent.events". One partition of the source, one of the topic; a second one would get a topic of its own. */
export function topicOf(source: string): string {
  const [, service, partition] = /^([a-z][a-z0-9-]{0,63})\/(\d{1,5})$/.exec(source) ?? [];
  if (!service) throw new Error(`not a source: ${source}`);
  return partition === '0' ? `tillid.${service}.events` : `tillid.${service}.events.${partition}`;
}
