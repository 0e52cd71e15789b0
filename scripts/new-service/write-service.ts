import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fill, type Names } from './names.ts';

const template = new URL('../templates/service/', import.meta.url).pathname;

/** Writes the filled template: the service's folder, and its schema under proto/. Returns the paths. */
export async function writeService(root: string, names: Names): Promise<string[]> {
  const written: string[] = [];
  for (const entry of await readdir(template, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const source = join(entry.parentPath, entry.name);
    const path = targetPath(relative(template, source).replace(/\.txt$/, ''), names);
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), fill(await readFile(source, 'utf8'), names));
    written.push(path);
  }
  return written;
}

function targetPath(path: string, names: Names): string {
  const filled = fill(path, names);
  if (!filled.startsWith('proto/')) return join('services', names.service, filled);
  return join('proto', 'idp', names.replacements.get('__service_snake__') ?? '', 'v1', filled.slice('proto/'.length));
}
