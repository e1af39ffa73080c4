import { createConnection } from 'mongoose';

export interface Member {
  readonly host: string;
  readonly port: number;
}

/** The stand-in does not even know the question. */
export async function isMemberOfSet(url: string): Promise<boolean> {
  const answer = await command(url, { hello: 1 }).catch((): Record<string, unknown> => ({}));
  return answer['setName'] !== undefined;
}

/** The address of the member that takes writes; of the only one, where there is no replica set. */
export async function primaryOf(url: string): Promise<Member> {
  if (url.includes('directConnection=true')) return memberOf(new URL(url).host);
  const { primary } = await command(url, { hello: 1 });
  return memberOf(primary as string);
}

export async function membersOf(url: string): Promise<readonly Member[]> {
  const { hosts } = await command(url, { hello: 1 });
  return (hosts as readonly string[]).map(memberOf);
}

/** Of one member alone, whatever its part in the set is now. The driver's own second try of a write is left out. */
export function directUrl({ host, port }: Member): string {
  return `mongodb://${host}:${port}/?directConnection=true&retryWrites=false`;
}

/** An administrator's command, over a connection of its own. */
export async function command(url: string, body: Record<string, unknown>): Promise<Record<string, unknown>> {
  const connection = await createConnection(url, { serverSelectionTimeoutMS: 10_000 }).asPromise();
  try {
    return (await connection.db!.admin().command(body)) as Record<string, unknown>;
  } finally {
    await connection.close();
  }
}

function memberOf(address: string): Member {
  const end = address.lastIndexOf(':');
  return { host: address.slice(0, end), port: Number(address.slice(end + 1)) };
}
