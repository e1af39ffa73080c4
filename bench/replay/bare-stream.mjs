// What the wire alone takes: messages ready made, one at a time, nothing read, decided or decoded.
import { bareMethod, bareServer, bytes, serveBare } from '../system/bare-grpc.mjs';

const definition = { stream: bareMethod('/bare/stream', true) };

if (process.argv[2] === 'serve') {
  serveBare(process.argv[3], definition, {
    async stream(call) {
      const { messages, messageBytes } = JSON.parse(call.request.toString());
      const message = Buffer.alloc(messageBytes, 7);
      for (let sent = 0; sent < messages; sent++) await new Promise((resolve) => call.write(message, resolve));
      call.end();
    },
  });
}

/** `run(messages, messageBytes)` resolves when all of them have come; `stop()` when done. */
export async function bareStream(identityFolder) {
  const { client, stop } = await bareServer(import.meta.filename, identityFolder, [], { 'grpc.max_receive_message_length': 4 * 1024 * 1024 });
  return {
    async run(messages, messageBytes) {
      let received = 0;
      for await (const message of client.makeServerStreamRequest(definition.stream.path, bytes, bytes, Buffer.from(JSON.stringify({ messages, messageBytes })))) received += message.length;
      if (received !== messages * messageBytes) throw new Error('the stream was cut');
    },
    stop,
  };
}
