import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { concerns, type Direction, type Fault } from './fault.ts';

/** What the flows of a link share. */
export interface FlowState {
  fault: Fault | undefined;
  random: () => number;
  /** Aborted and replaced whenever the fault changes, so that waiting flows look again. */
  changed: AbortController;
}

/** Bytes read and not yet passed on; beyond them the sender has to wait. */
const aheadBytesMax = 1_048_576;

interface Piece {
  bytes: Buffer;
  readAt: number;
  /** Drawn when read, from -1 to 1: the order of draws follows the order of pieces. */
  jitter: number;
}

/** Carries one direction of a connection under the link's fault until the source ends; then ends the sink as well. */
export async function carry(options: {
  from: Socket;
  to: Socket;
  direction: Direction;
  state: FlowState;
  reset: () => void;
}): Promise<void> {
  const { from, to, direction, state, reset } = options;
  const pieces: Piece[] = [];
  let ahead = 0;
  let ended = false;
  let arrived: (() => void) | undefined;
  const wake = () => arrived?.();
  from.on('data', (bytes: Buffer) => {
    pieces.push({ bytes, readAt: performance.now(), jitter: state.random() * 2 - 1 });
    ahead += bytes.length;
    if (ahead > aheadBytesMax) from.pause();
    wake();
  });
  from.once('end', () => {
    ended = true;
    wake();
  });
  for (const socket of [from, to]) socket.once('close', wake);
  for (;;) {
    if (to.destroyed || (from.destroyed && !ended)) return;
    const piece = pieces.shift();
    if (piece === undefined) {
      if (ended) break;
      await new Promise<void>((resolve) => (arrived = resolve));
      continue;
    }
    if (!(await pass(piece, { to, direction, state, reset }))) return;
    ahead -= piece.bytes.length;
    if (ahead <= aheadBytesMax) from.resume();
  }
  await untilAudible(direction, state, to);
  to.end();
}

/** Writes one piece as the fault of the moment has it. False when the connection is over. */
async function pass(
  piece: Piece,
  { to, direction, state, reset }: { to: Socket; direction: Direction; state: FlowState; reset: () => void },
): Promise<boolean> {
  let rest = piece.bytes;
  while (rest.length > 0) {
    await untilAudible(direction, state, to);
    if (to.destroyed) return false;
    const fault = concerns(state.fault, direction) ? state.fault : undefined;
    if (fault?.kind === 'reset' && state.random() < fault.probability) {
      reset();
      return false;
    }
    if (fault?.kind === 'latency') {
      const due = piece.readAt + fault.delayMs + piece.jitter * (fault.jitterMs ?? 0);
      // A fault that ends early lets the waiting piece go.
      if (!(await waited(due - performance.now(), state))) continue;
    }
    const size = fault?.kind === 'drip' ? Math.max(1, Math.floor(fault.bytesPerSecond / 10)) : rest.length;
    const part = rest.subarray(0, size);
    rest = rest.subarray(part.length);
    if (!to.write(part)) await Promise.race([once(to, 'drain'), once(to, 'close')]).catch(() => undefined);
    if (fault?.kind === 'drip') await waited((part.length / fault.bytesPerSecond) * 1000, state);
  }
  return !to.destroyed;
}

async function untilAudible(direction: Direction, state: FlowState, to: Socket): Promise<void> {
  while (state.fault?.kind === 'silent' && concerns(state.fault, direction) && !to.destroyed) {
    await changeOf(state, to);
  }
}

function changeOf(state: FlowState, to: Socket): Promise<unknown> {
  const { signal } = state.changed;
  return Promise.race([once(signal, 'abort'), to.destroyed ? undefined : once(to, 'close')]);
}

/** True after `ms`, false when the fault changed before. */
async function waited(ms: number, state: FlowState): Promise<boolean> {
  if (ms <= 0) return true;
  return delay(ms, true, { signal: state.changed.signal }).catch(() => false);
}
