import { connect } from 'node:net';

/** One answer as it stood on the wire. */
export interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

const firstAnswerMs = 20_000;

/**
 * Sends bytes on a fresh socket and returns every answer until the server closes, or stays silent for `idleMs` after it has said
 * something.
 */
export async function sendRaw(port: number, bytes: string | Buffer, { idleMs = 400 } = {}): Promise<RawAnswer[]> {
  const socket = connect({ host: '127.0.0.1', port });
  const chunks: Buffer[] = [];
  const { promise: done, resolve } = Promise.withResolvers<void>();
  let idle = setTimeout(resolve, firstAnswerMs);
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    clearTimeout(idle);
    idle = setTimeout(resolve, idleMs);
  });
  // A server that refuses a body it has not read may reset: what it said before counts.
  socket.on('error', () => resolve());
  socket.on('close', () => resolve());
  socket.write(bytes);
  await done;
  clearTimeout(idle);
  socket.destroy();
  return parseAnswers(Buffer.concat(chunks).toString('latin1'));
}

export function parseAnswers(text: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = text;
  while (rest !== '') {
    const head = /^HTTP\/1\.1 (\d{3})[^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n/.exec(rest);
    if (head === null) throw new Error(`not an answer: ${JSON.stringify(rest.slice(0, 200))}`);
    const headers: Record<string, string> = {};
    for (const line of head[2]!.split('\r\n')) {
      const colon = line.indexOf(':');
      if (colon > 0) headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const length = Number(headers['content-length'] ?? 0);
    const end = head[0].length + length;
    answers.push({ status: Number(head[1]), headers, body: rest.slice(head[0].length, end) });
    rest = rest.slice(end);
  }
  return answers;
}

/** A request as text; headers in the order given. */
export function rawRequest(line: string, headers: readonly string[], body = ''): string {
  return `${[line, ...headers].join('\r\n')}\r\n\r\n${body}`;
}
