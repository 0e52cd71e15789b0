import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv4 } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What the server says about one name; a list is used up one answer per look-up, the last one stays. */
export interface DnsAnswer {
  A?: readonly string[];
  AAAA?: readonly string[];
  CNAME?: string;
  rcode?: 'NXDOMAIN' | 'SERVFAIL';
  delayMs?: number;
  ttl?: number;
}

export interface DnsServer extends AsyncDisposable {
  readonly address: string;
  set(name: string, answers: readonly DnsAnswer[]): void;
}

const types = { A: 1, CNAME: 5, AAAA: 28 } as const;
const codes = { NXDOMAIN: 3, SERVFAIL: 2 } as const;

/** A scripted DNS server on loopback (RFC 1035 messages over UDP). Unknown names do not exist. */
export async function startDnsServer(): Promise<DnsServer> {
  const names = new Map<string, { answers: readonly DnsAnswer[]; asked: Map<number, number> }>();
  const stopped = new AbortController();
  const socket = createSocket('udp4');
  socket.on('message', (query, peer) => {
    void reply(query).then((message) =>
      stopped.signal.aborted ? undefined : socket.send(message, peer.port, peer.address),
    );
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');

  async function reply(query: Buffer): Promise<Buffer> {
    const { name, type, end } = readQuestion(query);
    const script = names.get(name);
    if (script === undefined) return message(query, end, codes.NXDOMAIN, []);
    const count = script.asked.get(type) ?? 0;
    script.asked.set(type, count + 1);
    const answer = script.answers[Math.min(count, script.answers.length - 1)] ?? {};
    if (answer.delayMs !== undefined)
      await delay(answer.delayMs, undefined, { signal: stopped.signal }).catch(() => {});
    return message(query, end, answer.rcode === undefined ? 0 : codes[answer.rcode], records(answer, type));
  }

  return {
    address: `127.0.0.1:${socket.address().port}`,
    set: (name, answers) => void names.set(name, { answers, asked: new Map() }),
    async [Symbol.asyncDispose]() {
      stopped.abort();
      socket.close();
      await once(socket, 'close');
    },
  };
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function records(answer: DnsAnswer, type: number): Buffer[] {
  const ttl = answer.ttl ?? 0;
  const list = type === types.A ? (answer.A ?? []) : type === types.AAAA ? (answer.AAAA ?? []) : [];
  const alias = answer.CNAME === undefined ? [] : [record(types.CNAME, ttl, encodeName(answer.CNAME))];
  return [...alias, ...list.map((address) => record(type, ttl, encodeAddress(address)))];
}

function record(type: number, ttl: number, data: Buffer): Buffer {
  const head = Buffer.from([0xc0, 0x0c, 0, type, 0, 1, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32BE(ttl, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function encodeAddress(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const [left = '', right] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));
  const [before, after] = [groups(left), groups(right ?? '')];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return Buffer.from([...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]));
}

function encodeName(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

function message(query: Buffer, end: number, rcode: number, answers: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(12);
  query.copy(head, 0, 0, 2);
  head.writeUInt16BE(0x8180 | rcode, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(answers.length, 6);
  return Buffer.concat([head, query.subarray(12, end), ...answers]);
}
