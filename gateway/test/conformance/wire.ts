import { connect, type Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** A request, header by header, or the bytes of one. */
export type Message = { bytes: string } | Request;

export interface Request {
  method?: string;
  path: string;
  /** In order; a name may occur twice. `Host`, `Connection: close` and the length are added where they are missing. */
  headers?: Readonly<Record<string, string>> | readonly (readonly [string, string])[];
  body?: string;
}

export interface Answer {
  /** 0 when the connection ended without an answer. */
  status: number;
  /** Lower-case names; values of a repeated one joined by `, `. */
  headers: Readonly<Record<string, string>>;
  body: string;
  /** All that came back. */
  raw: Buffer;
}

/** Sends it on a connection of its own, from this address, and reads one answer, or until the other end closes. */
export async function exchange(port: number, message: Message, from = '127.0.0.1'): Promise<Answer> {
  const bytes = 'bytes' in message ? message.bytes : bytesOf(message);
  const isHead = bytes.startsWith('HEAD ');
  const socket = connect({ port, host: '127.0.0.1', localAddress: from });
  return parse(await transfer(socket, bytes, (raw) => isWhole(raw, isHead)), isHead);
}

function bytesOf({ method = 'GET', path, headers = {}, body }: Request): string {
  const given = Array.isArray(headers) ? (headers as [string, string][]) : Object.entries(headers);
  const has = (name: string) => given.some(([other]) => other.toLowerCase() === name);
  const lines = [
    ...(has('host') ? [] : [['Host', 'localhost']]),
    ...given,
    ...(has('connection') ? [] : [['Connection', 'close']]),
    ...(body === undefined || has('transfer-encoding') || has('content-length')
      ? []
      : [['Content-Length', String(Buffer.byteLength(body))]]),
  ];
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `${method} ${path} HTTP/1.1\r\n${head}\r\n${body ?? ''}`;
}

/** The other end may close while we still write: what it said until then counts. */
function transfer(socket: Socket, bytes: string, isEnough: (raw: Buffer) => boolean): Promise<Buffer> {
  return new Promise((resolve) => {
    let raw = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      raw = Buffer.concat([raw, chunk]);
      if (isEnough(raw)) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(raw));
    socket.write(bytes, 'latin1');
  });
}

/** Some servers leave a connection they will close open for a second, so that the client gets to read its last answer. */
function isWhole(raw: Buffer, isHead: boolean): boolean {
  const text = raw.toString('latin1').replace(continued, '');
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return false;
  if (isHead || /^HTTP\/1\.1 (204|304) /.test(text)) return true;
  const head = text.slice(0, end);
  if (/^transfer-encoding: chunked/im.test(head)) return text.endsWith('\r\n0\r\n\r\n');
  const length = /^content-length: (\d+)/im.exec(head)?.[1];
  return length !== undefined && text.length >= end + 4 + Number(length);
}

const continued = /^HTTP\/1\.1 100 [^\r]*\r\n\r\n/;

function parse(raw: Buffer, isHead: boolean): Answer {
  const text = raw.toString('latin1').replace(continued, '');
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return { status: 0, headers: {}, body: '', raw };
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
  }
  const rest = Buffer.from(text.slice(end + 4), 'latin1');
  const whole = headers['transfer-encoding'] === 'chunked' && !isHead ? unchunk(rest) : rest;
  const body = headers['content-encoding'] === 'gzip' ? gunzipSync(whole) : whole;
  return { status: Number(first.split(' ')[1]), headers, body: body.toString('utf8'), raw };
}

function unchunk(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const end = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.subarray(at, end).toString(), 16);
    if (end < 0 || !(size > 0)) return Buffer.concat(parts);
    parts.push(bytes.subarray(end + 2, end + 2 + size));
    at = end + 4 + size;
  }
}
