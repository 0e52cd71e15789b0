import type { Socket } from 'node:net';

/** What of a head was too long: the request target (RFC 9110 §15.5.15), or the fields after it (RFC 6585 §5). */
export type OverlongPart = 'target' | 'fields';

/** What Node's parser says when a head outgrew it. */
export interface OverflowError extends Error {
  /** The bytes it was given last. */
  rawPacket?: Buffer;
  /** How many of them it had taken. */
  bytesParsed?: number;
}

/** For how long, and over how many bytes, a client that goes on sending is listened to. */
const listenMaxMs = 2_000;
const listenMaxBytes = 16 * 1024 * 1024;

const lineFeed = 0x0a;
/** No field begins like this: the name of one ends with a colon. */
const requestLine = /^[A-Z]+ /;
const requestLineEnd = /HTTP\/\d\.\d\r?$/;
const requestLineEndBytes = 16;

/**
 * Calls `answer` once, with the part of the head in which the parser gave up. A target that came in several pieces is known by how its line
 * ends, so the rest of that line is waited for; without an end within 2 s it counts as fields. Afterwards what still comes is dropped until
 * the client has stopped: closing before makes the kernel reset the connection, and the client lose the answer.
 */
export function readOverlongHead(error: OverflowError, socket: Socket, answer: (part: OverlongPart) => void): void {
  const packet = error.rawPacket ?? Buffer.alloc(0);
  const stoppedAt = error.bytesParsed ?? packet.length;
  let line = '';
  let told = false;
  let heard = 0;

  function tell(part: OverlongPart): void {
    if (told) return;
    told = true;
    answer(part);
  }
  function readLineEnd(chunk: Buffer): void {
    const end = chunk.indexOf(lineFeed);
    const upTo = end < 0 ? chunk.length : end;
    line = (line + chunk.toString('latin1', Math.max(0, upTo - requestLineEndBytes), upTo)).slice(-requestLineEndBytes);
    if (end >= 0) tell(requestLineEnd.test(line) ? 'target' : 'fields');
  }
  function hear(chunk: Buffer): void {
    heard += chunk.length;
    if (!told) readLineEnd(chunk);
    if (heard > listenMaxBytes) socket.destroy();
  }

  listenAlone(socket, hear);
  const timer = setTimeout(() => {
    if (told) socket.destroy();
    else tell('fields');
    timer.refresh();
  }, listenMaxMs);
  socket.once('end', () => socket.destroy());
  socket.once('close', () => clearTimeout(timer));
  const part = partAt(packet, stoppedAt, socket.bytesRead === packet.length);
  if (part === undefined) readLineEnd(packet.subarray(stoppedAt));
  else tell(part);
}

/** The part a packet shows by itself; undefined where its line began in an earlier one. */
function partAt(packet: Buffer, stoppedAt: number, isFirst: boolean): OverlongPart | undefined {
  const lineStart = stoppedAt === 0 ? 0 : packet.lastIndexOf(lineFeed, stoppedAt - 1) + 1;
  if (requestLine.test(packet.toString('latin1', lineStart, lineStart + 32))) return 'target';
  return isFirst || lineStart > 0 ? 'fields' : undefined;
}

/** Takes the socket from the parser, which would report every further piece as the same error. */
function listenAlone(socket: Socket, hear: (chunk: Buffer) => void): void {
  socket.on('data', hear);
  for (const listener of socket.listeners('data')) if (listener !== hear) socket.off('data', listener as () => void);
  socket.resume();
}
