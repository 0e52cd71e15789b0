import { type Json, isJsonObject } from '../model/entity.ts';
import { type DocumentPath, ModelError } from '../model/model-error.ts';
import { checkValue } from './check-value.ts';
import { limits } from './limits.ts';
import { parseYaml } from './parse-yaml.ts';

/** Text of another file, and the base for refs in it. */
export interface Included {
  text: string;
  base: string;
}

/** Reads a file named in a document: `target` is relative to `base` or absolute. Throws ModelError when it may not or cannot. */
export type ReadInclude = (target: string, base: string) => Promise<Included>;

const resolvers: Readonly<Record<string, (text: string, target: string) => Json>> = {
  $text: (text) => text,
  $json: parseJson,
  $yaml: parseSingleYaml,
};

interface Walk {
  read: ReadInclude;
  includes: Set<string>;
  open: readonly string[];
  base: string;
}

/**
 * Replaces every object whose only key is `$text`, `$json` or `$yaml` by the content of the file it names. What was included
 * may include again, three levels deep. `includes` collects the files, read or not.
 */
export async function fillPlaceholders(
  value: Json,
  input: { read: ReadInclude; base: string },
): Promise<{ value: Json; includes: string[]; error?: ModelError }> {
  const includes = new Set<string>();
  try {
    const filled = await fill(value, [], { read: input.read, base: input.base, includes, open: [] });
    if (includes.size > 0) checkValue(filled);
    return { value: filled, includes: [...includes] };
  } catch (err) {
    if (!(err instanceof ModelError)) throw err;
    return { value, includes: [...includes], error: err };
  }
}

async function fill(value: Json, path: DocumentPath, walk: Walk): Promise<Json> {
  if (Array.isArray(value)) {
    const items: Json[] = [];
    for (const [i, item] of value.entries()) items.push(await fill(item, [...path, i], walk));
    return items;
  }
  if (!isJsonObject(value)) return value;
  const keys = Object.keys(value);
  if (!keys.some((key) => key.startsWith('$'))) return fillMembers(value, path, walk);
  const [key] = keys;
  const target = key === undefined ? undefined : value[key];
  const resolve = key === undefined || !Object.hasOwn(resolvers, key) ? undefined : resolvers[key];
  // Other `$` keys (JSON Schema's `$ref`, say) and mixed objects are content.
  if (keys.length !== 1 || !resolve || typeof target !== 'string') return value;
  return include({ target, path: [...path, keys[0] ?? ''], resolve, walk });
}

async function fillMembers(value: { [key: string]: Json }, path: DocumentPath, walk: Walk): Promise<Json> {
  const members: [string, Json][] = [];
  for (const [key, member] of Object.entries(value)) members.push([key, await fill(member, [...path, key], walk)]);
  return Object.fromEntries(members);
}

interface Inclusion {
  target: string;
  path: DocumentPath;
  resolve: (text: string, target: string) => Json;
  walk: Walk;
}

async function include({ target, path, resolve, walk }: Inclusion): Promise<Json> {
  if (walk.open.length >= limits.includeDepth) {
    throw new ModelError('include', `placeholders may be nested ${limits.includeDepth} levels deep, not more`, path);
  }
  try {
    const { text, base } = await walk.read(target, walk.base);
    if (walk.open.includes(base)) throw new ModelError('include', `the file ${target} includes itself`);
    walk.includes.add(base);
    if (walk.includes.size > limits.includesPerDocument) {
      throw new ModelError('limit', `a document may include ${limits.includesPerDocument} files, not more`);
    }
    return await fill(resolve(text, target), path, { ...walk, base, open: [...walk.open, base] });
  } catch (err) {
    if (!(err instanceof ModelError)) throw err;
    walk.includes.add(target);
    throw err.path.length > 0 ? err : new ModelError(err.reason, err.message, path, { cause: err });
  }
}

function parseJson(text: string, target: string): Json {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (err) {
    throw new ModelError(
      'include',
      `Placeholder $json failed to parse JSON data at ${target}, ${(err as Error).message}`,
      [],
      {
        cause: err,
      },
    );
  }
  checkValue(value);
  return value;
}

function parseSingleYaml(text: string, target: string): Json {
  const documents = parseYaml(text, { anyRoot: true });
  const [document] = documents;
  if (documents.length !== 1 || !document) {
    throw new ModelError(
      'include',
      `Placeholder $yaml expected to find exactly one document of data at ${target}, found ${documents.length}`,
    );
  }
  if (document.ok) return document.value;
  const { message, position } = document.error;
  throw new ModelError('include', `${target}, line ${position?.line}, column ${position?.column}: ${message}`);
}
