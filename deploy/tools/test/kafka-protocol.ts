import { once } from 'node:events';
import { createConnection } from 'node:net';

/** Error codes of the protocol (https://kafka.apache.org/protocol#protocol_error_codes). */
export const none = 0;
export const topicAlreadyExists = 36;

/** CreateTopics v2 with one replica: answers the error code of the topic. */
export async function createTopic(address: string, name: string, partitions: number): Promise<number> {
  const [replicas, assignments, settings] = [int16(1), int32(0), int32(0)];
  const topics = [int32(1), string(name), int32(partitions), replicas, assignments, settings];
  const body = Buffer.concat([...topics, int32(10_000), Buffer.from([0])]);
  const answer = await request(address, 19, 2, body);
  // Throttle time, number of topics, name, error code.
  return answer.readInt16BE(4 + 4 + 2 + Buffer.byteLength(name));
}

/** Metadata v1 of no topic: the brokers the cluster tells its clients, as `host:port`. */
export async function listBrokers(address: string): Promise<string[]> {
  const answer = await request(address, 3, 1, int32(0));
  const brokers: string[] = [];
  let at = 4;
  for (let left = answer.readInt32BE(0); left > 0; left--) {
    const length = answer.readInt16BE(at + 4);
    const host = answer.toString('utf8', at + 6, at + 6 + length);
    brokers.push(`${host}:${answer.readInt32BE(at + 6 + length)}`);
    at += 6 + length + 4;
    const rack = answer.readInt16BE(at);
    at += 2 + Math.max(0, rack);
  }
  return brokers;
}

/** One request with header v1 over a connection of its own; answers the body of the response. */
async function request(address: string, apiKey: number, version: number, body: Buffer): Promise<Buffer> {
  const [host, port] = address.split(':');
  const socket = createConnection(Number(port), host);
  try {
    const message = Buffer.concat([int16(apiKey), int16(version), int32(1), string('idp-test'), body]);
    socket.write(Buffer.concat([int32(message.length), message]));
    let received = Buffer.alloc(0);
    while (received.length < 4 || received.length < 4 + received.readInt32BE(0)) {
      const [chunk] = (await once(socket, 'data', { signal: AbortSignal.timeout(15_000) })) as [Buffer];
      received = Buffer.concat([received, chunk]);
    }
    return received.subarray(8);
  } finally {
    socket.destroy();
  }
}

function int16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeInt16BE(value);
  return buffer;
}

function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(value);
  return buffer;
}

function string(text: string): Buffer {
  return Buffer.concat([int16(Buffer.byteLength(text)), Buffer.from(text)]);
}
