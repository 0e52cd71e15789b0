import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

export interface SsrfItem {
  id: string;
  input: {
    kind: 'url' | 'peer';
    url: unknown;
    fields?: string[];
    dns?: Record<string, unknown>[];
    serve?: Record<string, unknown>;
  };
  expect: Record<string, unknown>;
}

export function ssrfItems(): SsrfItem[] {
  return JSON.parse(readFileSync(new URL('./data/ssrf.json', import.meta.url), 'utf8')) as SsrfItem[];
}

/** Text of the value forms `$repeat`, `$concat` and of a list, with `«name»` replaced. */
export function text(form: unknown, names: Readonly<Record<string, string>> = {}): string {
  if (typeof form === 'string') return form.replace(/«(\w+)»/g, (_whole, name: string) => names[name] ?? `«${name}»`);
  const { $repeat, $concat } = form as { $repeat?: [unknown, number]; $concat?: unknown[] };
  if ($repeat !== undefined) return text($repeat[0], names).repeat($repeat[1]);
  return ($concat ?? []).map((part) => text(part, names)).join('');
}

/** `s` n times, compressed: gzip members of 16 MiB, one after the other (RFC 1952 §2.2 allows that), so nothing is built in memory. */
export function* gzipBomb(s: string, times: number): Generator<Buffer> {
  const size = 16 * 1024 * 1024;
  const member = gzipSync(Buffer.alloc(size, s));
  for (let left = times; left > 0; left -= size) yield member;
}

/** Every address and port this process opens a TCP connection to, whoever asks for it. */
export function watchConnections(): { targets: string[]; [Symbol.dispose](): void } {
  const targets: string[] = [];
  const channel = 'net.client.socket';
  const onSocket = (message: unknown) => {
    const { socket } = message as { socket: Socket };
    socket.on('connectionAttempt', (ip: string, port: number) => targets.push(`${ip} ${port}`));
  };
  subscribe(channel, onSocket);
  return { targets, [Symbol.dispose]: () => void unsubscribe(channel, onSocket) };
}
