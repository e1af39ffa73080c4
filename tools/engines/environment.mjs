import { once } from 'node:events';
import { connect } from 'node:net';

const answersWithinMs = 2000;
const never = new Promise(() => undefined);

/** An engine that runs already and goes on running. Nobody at any of its addresses is an error: it was named on purpose. */
export function wayOfEnvironment(variable, ready) {
  const value = process.env[variable];
  return {
    from: 'environment',
    isThere: async () => Boolean(value),
    async start() {
      const { addresses, ...rest } = ready(value);
      const answers = await Promise.all(addresses.map(answersAt));
      if (addresses.length > 0 && !answers.includes(true)) throw new Error(`${variable} names ${addresses.join(', ')}, where nobody answers`);
      return { ready: rest, ended: never, stop: async () => undefined };
    },
  };
}

async function answersAt(address) {
  const [host, port] = splitAt(address, address.lastIndexOf(':'));
  const socket = connect({ host, port: Number(port) });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(answersWithinMs) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function splitAt(text, index) {
  return [text.slice(0, index), text.slice(index + 1)];
}
