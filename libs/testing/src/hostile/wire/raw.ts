import { connect } from 'node:net';
import type { Answer } from './client.ts';

/** What came back on a raw socket: the first answer and how many final answers there were. */
export interface RawAnswer extends Answer {
  answers: number;
  /** An `101 Switching Protocols` was among them. */
  upgraded: boolean;
}

const timeoutMs = 25_000;

/** Writes bytes on a fresh socket and reads until the other side closes. Interim 1xx answers are skipped. */
export function sendRaw(baseUrl: string, bytes: Buffer): Promise<RawAnswer> {
  const base = new URL(baseUrl);
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host: base.hostname, port: Number(base.port || 80) });
    const finish = () => {
      clearTimeout(timer);
      resolve({ ...readAnswers(Buffer.concat(chunks).toString('latin1')), elapsedMs: performance.now() - startedMs });
    };
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`socket still open after ${timeoutMs} ms`));
    }, timeoutMs);
    socket.on('connect', () => socket.write(bytes));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => {});
    socket.on('close', finish);
  });
}

/** Splits what a server wrote into its answers, by Content-Length or chunked coding (RFC 9112 §6). */
export function readAnswers(text: string): Omit<RawAnswer, 'elapsedMs'> {
  const answers: { status: number; headers: (readonly [string, string])[]; body: string }[] = [];
  let rest = text;
  while (rest.startsWith('HTTP/1.')) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) break;
    const [line = '', ...lines] = rest.slice(0, end).split('\r\n');
    const headers = lines.map(
      (each) => [each.slice(0, each.indexOf(':')).toLowerCase(), each.slice(each.indexOf(':') + 1).trim()] as const,
    );
    const status = Number(line.split(' ')[1]);
    const { body, length } = readBody(rest.slice(end + 4), headers, status);
    answers.push({ status, headers, body });
    rest = rest.slice(end + 4 + length);
  }
  const final = answers.filter((answer) => answer.status >= 200);
  const first = final[0] ?? { status: 0, headers: [], body: '' };
  return { ...first, answers: final.length, upgraded: answers.some((answer) => answer.status === 101) };
}

function readBody(
  rest: string,
  headers: readonly (readonly [string, string])[],
  status: number,
): { body: string; length: number } {
  if (status < 200 || status === 204 || status === 304) return { body: '', length: 0 };
  const header = (name: string) => headers.find(([found]) => found === name)?.[1];
  const length = header('content-length');
  if (length !== undefined) return { body: rest.slice(0, Number(length)), length: Number(length) };
  if (header('transfer-encoding')?.includes('chunked') !== true) return { body: rest, length: rest.length };
  let at = 0;
  let body = '';
  for (;;) {
    const lineEnd = rest.indexOf('\r\n', at);
    const size = Number.parseInt(rest.slice(at, lineEnd), 16);
    if (lineEnd < 0 || Number.isNaN(size)) return { body, length: rest.length };
    body += rest.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
    if (size === 0) return { body, length: at };
  }
}
