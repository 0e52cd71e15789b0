import { readFile } from 'node:fs/promises';

export interface CommonPasswords {
  /** Whether the password, in any case, is one of the shipped list. */
  has(password: string): Promise<boolean>;
}

const listFile = new URL('../../data/common-passwords.txt', import.meta.url);
const newline = 0x0a;

/** The shipped list (data/NOTICE.md), read at first use and searched as the sorted bytes it is. */
export function createCommonPasswords(file: URL = listFile): CommonPasswords {
  let reading: Promise<Buffer> | undefined;
  return {
    async has(password) {
      reading ??= readFile(file);
      return containsLine(await reading, Buffer.from(password.toLowerCase(), 'utf8'));
    },
  };
}

/** Binary search for one line among lines sorted by bytes, each ended by a newline. */
export function containsLine(sorted: Buffer, wanted: Buffer): boolean {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const start = sorted.lastIndexOf(newline, middle - 1) + 1;
    const end = sorted.indexOf(newline, middle);
    const order = Buffer.compare(sorted.subarray(start, end), wanted);
    if (order === 0) return true;
    if (order < 0) low = end + 1;
    else high = start;
  }
  return false;
}
