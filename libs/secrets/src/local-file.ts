import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { dekBytes } from './cipher.ts';
import { ivBytes, tagBytes } from './text-form.ts';
import type { KeyProvider } from './ports.ts';

interface KeyFile {
  version: 1;
  active: string;
  keys: Record<string, string>;
}

/**
 * Key-encryption key in a file of mode 0600, made at the first start (folders 0700). Two processes starting at once
 * agree on one key: the file appears complete by `link`, which fails when it exists. A file that group or others may
 * read, or that does not parse, stops the start.
 */
export async function localFileKeyProvider(options: { file: string }): Promise<KeyProvider> {
  const { file } = options;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const content = (await readKeyFile(file)) ?? (await makeKeyFile(file));
  const keys = new Map(Object.entries(content.keys).map(([id, text]) => [id, Buffer.from(text, 'base64url')]));

  function kek(id: string): Buffer {
    const key = keys.get(id);
    if (key === undefined) throw new Error(`${file} holds no key ${id}`);
    return key;
  }

  return {
    async wrap(dek) {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv('aes-256-gcm', kek(content.active), iv, { authTagLength: tagBytes });
      cipher.setAAD(Buffer.from(content.active, 'utf8'));
      const wrapped = Buffer.concat([iv, cipher.update(dek), cipher.final(), cipher.getAuthTag()]);
      return { kekId: content.active, wrapped };
    },
    async unwrap(kekId, wrapped) {
      const decipher = createDecipheriv('aes-256-gcm', kek(kekId), wrapped.subarray(0, ivBytes), {
        authTagLength: tagBytes,
      });
      decipher.setAAD(Buffer.from(kekId, 'utf8'));
      decipher.setAuthTag(wrapped.subarray(wrapped.length - tagBytes));
      return Buffer.concat([decipher.update(wrapped.subarray(ivBytes, wrapped.length - tagBytes)), decipher.final()]);
    },
    describe: () => `local file ${file}`,
    health: async () => (await readKeyFile(file))?.active === content.active,
  };
}

async function readKeyFile(file: string): Promise<KeyFile | undefined> {
  let text: string;
  try {
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0) throw new Error(`${file} may be read by others; its mode must be 0600`);
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cause;
  }
  const parsed = parseKeyFile(text);
  if (parsed === undefined) throw new Error(`${file} is not a key file; restore it from a backup or remove it`);
  return parsed;
}

function parseKeyFile(text: string): KeyFile | undefined {
  try {
    const content = JSON.parse(text) as Partial<KeyFile>;
    const key = content.active === undefined ? undefined : content.keys?.[content.active];
    const usable = content.version === 1 && key !== undefined && Buffer.from(key, 'base64url').length === dekBytes;
    return usable ? (content as KeyFile) : undefined;
  } catch {
    return undefined;
  }
}

async function makeKeyFile(file: string): Promise<KeyFile> {
  const id = `file-${randomBytes(6).toString('hex')}`;
  const content: KeyFile = { version: 1, active: id, keys: { [id]: randomBytes(dekBytes).toString('base64url') } };
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(content)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(draft, file);
    return content;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    const made = await readKeyFile(file);
    if (made === undefined) throw cause;
    return made;
  } finally {
    await unlink(draft);
  }
}
