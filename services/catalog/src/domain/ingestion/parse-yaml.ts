import {
  Composer,
  type Document,
  LineCounter,
  type Node,
  Parser,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  visit,
} from 'yaml';
import { type Json, isJsonObject } from '../model/entity.ts';
import type { DocumentPath } from '../model/model-error.ts';
import { ModelError } from '../model/model-error.ts';
import { checkStructure } from './check-structure.ts';
import { checkValue } from './check-value.ts';
import type { DocumentError, Locate, Position } from './document-error.ts';
import { limits } from './limits.ts';

/** One document of a YAML file: its value, or what is wrong with it. */
export type ParsedDocument =
  { index: number; ok: true; value: Json; locate: Locate } | { index: number; ok: false; error: DocumentError };

/**
 * Reads all documents of a YAML 1.2 file; their roots must be objects unless `anyRoot` is set. Empty ones are left out and keep their index. A document in error does not keep
 * the others from being read; a bound of the whole file does, and is reported on the document where it was passed.
 */
export function parseYaml(text: string, options: { anyRoot?: boolean } = {}): ParsedDocument[] {
  const fault = checkStructure(text);
  if (fault) return [refused(0, { reason: 'limit', message: fault.message, position: positionAt(text, fault.offset) })];
  const lines = new LineCounter();
  const parsed: ParsedDocument[] = [];
  let index = 0;
  try {
    for (const document of composeDocuments(text, lines)) {
      const result = readDocument({ document, index, lines, anyRoot: options.anyRoot ?? false });
      if (result) parsed.push(result);
      index++;
    }
  } catch (err) {
    if (!isStackOverflow(err)) throw err;
    parsed.push(refused(index, { reason: 'limit', message: tooDeep, position: { line: 1, column: 1 } }));
  }
  return parsed;
}

const tooDeep = `the document is nested more than ${limits.depth} levels deep`;

/** Blocks nest by indentation, which the tokens do not show: a thousand levels can exhaust the parser's stack. */
function isStackOverflow(err: unknown): boolean {
  return err instanceof Error && err.message.startsWith('Maximum call stack');
}

function refused(index: number, error: DocumentError): ParsedDocument {
  return { index, ok: false, error };
}

function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

function* composeDocuments(text: string, lines: LineCounter): Generator<Document.Parsed> {
  const parser = new Parser(lines.addNewLine);
  const composer = new Composer({
    lineCounter: lines,
    merge: true,
    prettyErrors: false,
    // Compares every key with every other; findDoubleKey does the same in one pass.
    uniqueKeys: false,
    logLevel: 'silent',
  });
  yield* composer.compose(parser.parse(text)) as Generator<Document.Parsed>;
}

interface Composed {
  document: Document.Parsed;
  index: number;
  lines: LineCounter;
  anyRoot: boolean;
}

function readDocument({ document, index, lines, anyRoot }: Composed): ParsedDocument | undefined {
  const error = document.errors[0] ?? findDoubleKey(document);
  if (isStackOverflow(error)) throw error;
  if (error) {
    return refused(index, { reason: 'yaml', message: error.message, position: linePosition(error.pos[0], lines) });
  }
  const locate: Locate = (path) => nodePosition(document, path, lines);
  try {
    const value: unknown = toValue(document);
    if (value === null || value === undefined) return undefined;
    checkValue(value);
    if (!anyRoot && !isJsonObject(value)) {
      throw new ModelError('yaml', `Expected object at root, got ${Array.isArray(value) ? 'array' : typeof value}`);
    }
    return { index, ok: true, value: value as Json, locate };
  } catch (err) {
    if (!(err instanceof ModelError)) throw err;
    return refused(index, { reason: err.reason, message: err.message, position: locate(err.path) });
  }
}

/** The first key that its map has already; keys are compared as the text they become. */
function findDoubleKey(document: Document.Parsed): { message: string; pos: readonly [number] } | undefined {
  let found: { message: string; pos: readonly [number] } | undefined;
  visit(document, {
    Map(_, map) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        if (!isScalar(key) || key.value === '<<') continue;
        const text = String(key.value);
        if (seen.has(text)) {
          found = { message: 'Map keys must be unique', pos: [key.range?.[0] ?? 0] };
          return visit.BREAK;
        }
        seen.add(text);
      }
      return undefined;
    },
  });
  return found;
}

function toValue(document: Document.Parsed): unknown {
  let aliases = 0;
  visit(document, { Alias: () => void aliases++ });
  if (aliases > limits.aliases) throw new ModelError('limit', `the document holds more than ${limits.aliases} aliases`);
  try {
    return document.toJS({ maxAliasCount: limits.aliases });
  } catch (err) {
    // The parser throws ReferenceError for aliases that multiply and for merges of what is no map.
    if (isStackOverflow(err) || !(err instanceof Error)) throw err;
    throw new ModelError('yaml', err.message, [], { cause: err });
  }
}

function linePosition(offset: number, lines: LineCounter): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** Walks towards the node as far as it exists: members merged or included from elsewhere end at their parent. */
function nodePosition(document: Document.Parsed, path: DocumentPath, lines: LineCounter): Position {
  let node: Node | null = document.contents;
  let offset = document.contents?.range[0] ?? document.range[0];
  for (const part of path) {
    const container: Node | undefined | null = isAlias(node) ? node.resolve(document) : node;
    if (!isCollection(container)) break;
    const next: unknown = container.get(part, true);
    if (!isNode(next)) break;
    offset = next.range?.[0] ?? offset;
    // An empty value has no text of its own: its key is the better place to look at.
    if (next.range && next.range[0] === next.range[1]) offset = keyOffset(container, part) ?? offset;
    node = next;
  }
  return linePosition(offset, lines);
}

function keyOffset(container: Node, key: string | number): number | undefined {
  if (!isMap(container)) return undefined;
  const pair = container.items.find((item) => isNode(item.key) && String(item.key) === String(key));
  return isNode(pair?.key) ? pair.key.range?.[0] : undefined;
}
