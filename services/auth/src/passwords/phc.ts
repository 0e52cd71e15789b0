/** Parameters of one argon2id hash. Memory in KiB. */
export interface Argon2Parameters {
  memoryKib: number;
  passes: number;
  lanes: number;
}

export interface Argon2Hash extends Argon2Parameters {
  salt: Buffer;
  hash: Buffer;
}

const form = /^\$argon2id\$v=19\$m=(\d{1,8}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

/** PHC string format: `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, base64 without padding. */
export function formatPhc({ memoryKib, passes, lanes, salt, hash }: Argon2Hash): string {
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${lanes}$${base64(salt)}$${base64(hash)}`;
}

/** The parts of a stored hash; undefined for another algorithm or version. */
export function parsePhc(text: string): Argon2Hash | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const [, memory = '', passes = '', lanes = '', salt = '', hash = ''] = match;
  return {
    memoryKib: Number(memory),
    passes: Number(passes),
    lanes: Number(lanes),
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
