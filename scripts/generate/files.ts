import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const generated =
  /(^|\/)(generated\/.*\.ts|openapi\.json|acls\.yaml|envoy\/[a-z]+\.yaml(\.tmpl)?|store\/tables\.ts|docs\/metrics\.md)$/;

/** The generated files of the repository as they were before generating. */
export class GeneratedFiles {
  readonly #folders: readonly string[];
  readonly #before: ReadonlyMap<string, string>;

  private constructor(folders: readonly string[], before: ReadonlyMap<string, string>) {
    this.#folders = folders;
    this.#before = before;
  }

  static async remember(folders: readonly string[]): Promise<GeneratedFiles> {
    return new GeneratedFiles(folders, await readAll(folders));
  }

  /** Lines end and wrap as everywhere else, so that `format` has nothing to say about them. */
  async format(): Promise<void> {
    const formatted = [...(await readAll(this.#folders)).keys()].filter((path) => /(tables\.ts|\.md)$/.test(path));
    await promisify(execFile)('prettier', ['--write', '--log-level=warn', ...formatted]);
  }

  /** One sentence for each file that differs from the committed one; the files are put back as they were. */
  async changedAndRestore(): Promise<string[]> {
    const after = await readAll(this.#folders);
    const paths = [...new Set([...this.#before.keys(), ...after.keys()])].toSorted();
    const changed = paths.filter((path) => this.#before.get(path) !== after.get(path));
    for (const path of changed) {
      const text = this.#before.get(path);
      if (text === undefined) await rm(path);
      else await mkdir(dirname(path), { recursive: true }).then(() => writeFile(path, text));
    }
    return changed.map((path) => `${path} is not what \`npm run generate\` writes`);
  }
}

async function readAll(folders: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const folder of folders) {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name);
      if (!entry.isFile() || path.includes('node_modules') || !generated.test(path)) continue;
      found.set(path, await readFile(path, 'utf8'));
    }
  }
  return found;
}
