/** How a source's topic must be. */
export interface TopicWanted {
  /** "consent/0": the topic is `topicOf` it. */
  readonly source: string;
  /** Brokers that hold each record; with two and more, at least two must have it before it is acknowledged. */
  readonly replication: number;
  readonly retentionHours: number;
}

const hourMs = 3_600_000;
/** A batch of the relay is 1 MiB, or one event of 60 KiB, its headers and its head beside it. */
const maxMessageBytes = 2 * 1024 * 1024;

/** The settings a topic's safety rests on, as Kafka writes them. */
export function settingsOf({ replication, retentionHours }: TopicWanted): Readonly<Record<string, string>> {
  const retentionMs = retentionHours * hourMs;
  return {
    // Compaction would leave holes.
    'cleanup.policy': 'delete',
    'retention.ms': String(retentionMs),
    // Retention drops whole segments, and never the one being written.
    'segment.ms': String(Math.max(hourMs / 2, Math.floor(retentionMs / 12))),
    'min.insync.replicas': replication >= 2 ? '2' : '1',
    // A replica that lacks what was acknowledged must never lead.
    'unclean.leader.election.enable': 'false',
    'max.message.bytes': String(maxMessageBytes),
    // By the broker's clock: an event relayed days late is not old on arrival.
    'message.timestamp.type': 'LogAppendTime',
  };
}

export interface TopicFound {
  readonly partitions: number;
  /** Of the partition that has the fewest. */
  readonly replication: number;
  readonly settings: Readonly<Record<string, string>>;
}

/** Everything about a topic that does not fit, in words; none when it fits. More retention and larger messages than wanted are fine. */
export function misfits(wanted: TopicWanted, { partitions, replication, settings }: TopicFound): readonly string[] {
  const atLeast = new Set(['retention.ms', 'max.message.bytes', 'min.insync.replicas']);
  const wrong = [...shapeMisfits(wanted, { partitions, replication })];
  for (const [name, value] of Object.entries(settingsOf(wanted))) {
    const found = settings[name];
    // How often it begins a new segment is its own matter.
    if (name === 'segment.ms' || found === value) continue;
    const enough = atLeast.has(name) && (found === '-1' || Number(found) >= Number(value));
    if (!enough) wrong.push(`${name} is ${found ?? 'not set'}, not ${value}`);
  }
  // More than the replicas there are: nothing could ever be written.
  if (Number(settings['min.insync.replicas']) > replication) wrong.push(`min.insync.replicas is ${settings['min.insync.replicas']}, of ${replication}`);
  return wrong;
}

/** What a change of settings cannot mend. */
export function shapeMisfits({ replication: wanted }: TopicWanted, { partitions, replication }: Omit<TopicFound, 'settings'>): readonly string[] {
  return [
    ...(partitions === 1 ? [] : [`it has ${partitions} partitions, not 1`]),
    ...(replication >= wanted ? [] : [`${replication} broker${replication === 1 ? ' holds' : 's hold'} each record, not ${wanted}`]),
  ];
}
