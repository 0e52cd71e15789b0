import { JsonFault, unescaped } from './json-fault.ts';

/** Names seen in the objects that are open; one frame per object. */
export interface MemberNames {
  reset(): void;
  enter(): void;
  leave(): void;
  /** Throws JsonFault for a name that its object has already, or that reaches a prototype. Offsets are those of the quotes. */
  add(bytes: Buffer, openQuote: number, closeQuote: number): void;
}

// Up to this many names an object's names are compared one by one by their hash; above, a set takes over.
const linearMax = 24;
const forbidden = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Remembers names as hash and place in the bytes, so that the usual small object allocates nothing. An object with an
 * escaped name or with many names keeps decoded names in a set.
 */
export function createMemberNames(): MemberNames {
  let hashes = new Int32Array(256);
  let starts = new Int32Array(256);
  let ends = new Int32Array(256);
  const frames: number[] = [];
  const sets: (Set<string> | undefined)[] = [];
  let top = 0;
  let open = 0;
  let base = 0;

  function grow(): void {
    hashes = enlarged(hashes);
    starts = enlarged(starts);
    ends = enlarged(ends);
  }

  function setOf(bytes: Buffer): Set<string> {
    const known = sets[open];
    if (known !== undefined) return known;
    const names = new Set<string>();
    for (let index = base; index < top; index++) names.add(bytes.toString('utf8', starts[index], ends[index]));
    sets[open] = names;
    return names;
  }

  function addText(bytes: Buffer, name: string, at: number): void {
    const names = setOf(bytes);
    if (names.has(name)) throw duplicate(name, at);
    if (forbidden.has(name)) throw refused(name, at);
    names.add(name);
  }

  return {
    reset() {
      top = 0;
      open = 0;
      base = 0;
    },
    enter() {
      frames[open++] = base;
      base = top;
      sets[open] = undefined;
    },
    leave() {
      top = base;
      base = frames[--open] ?? 0;
    },
    add(bytes, openQuote, closeQuote) {
      const start = openQuote + 1;
      let hash = closeQuote - start;
      for (let at = start; at < closeQuote; at++) {
        const byte = bytes[at]!;
        if (byte === 0x5c) return addText(bytes, unescaped(bytes, openQuote, closeQuote), openQuote);
        hash = (Math.imul(hash, 31) + byte) | 0;
      }
      if (sets[open] !== undefined || top - base >= linearMax) {
        return addText(bytes, bytes.toString('utf8', start, closeQuote), openQuote);
      }
      for (let index = base; index < top; index++) {
        if (hashes[index] === hash && sameBytes(bytes, starts[index]!, ends[index]!, start, closeQuote)) {
          throw duplicate(bytes.toString('utf8', start, closeQuote), openQuote);
        }
      }
      const length = closeQuote - start;
      if ((length === 9 || length === 11) && forbidden.has(bytes.toString('latin1', start, closeQuote))) {
        throw refused(bytes.toString('latin1', start, closeQuote), openQuote);
      }
      if (top === hashes.length) grow();
      hashes[top] = hash;
      starts[top] = start;
      ends[top++] = closeQuote;
    },
  };
}

function enlarged(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}

function sameBytes(bytes: Buffer, start: number, end: number, otherStart: number, otherEnd: number): boolean {
  if (end - start !== otherEnd - otherStart) return false;
  for (let at = start, other = otherStart; at < end; at++, other++) if (bytes[at] !== bytes[other]) return false;
  return true;
}

function duplicate(name: string, at: number): JsonFault {
  return new JsonFault('duplicate_member', `member ${JSON.stringify(name.slice(0, 64))} occurs twice`, at);
}

function refused(name: string, at: number): JsonFault {
  return new JsonFault('forbidden_member', `member ${JSON.stringify(name)} is not allowed`, at);
}
