import { CST, Lexer } from 'yaml';
import { limits } from './limits.ts';

/** A bound of the file that its text passes, and where: offset from the start. */
export interface StructureFault {
  message: string;
  offset: number;
}

const beginsNode = new Set([
  'scalar',
  'single-quoted-scalar',
  'double-quoted-scalar',
  'alias',
  'flow-map-start',
  'flow-seq-start',
]);
const opens = new Set(['flow-map-start', 'flow-seq-start']);
const closes = new Set(['flow-map-end', 'flow-seq-end']);
const nests = new Set(['seq-item-ind', 'explicit-key-ind']);

/**
 * Judges size and depth from the tokens alone, in time proportional to the text and before a tree is built: composing a hostile file takes
 * minutes, or the whole stack. Stops at the first bound that is passed.
 */
export function checkStructure(text: string): StructureFault | undefined {
  let offset = 0;
  let nodes = 0;
  let flowDepth = 0;
  let compactDepth = 0;
  let documents = 1;
  for (const lexeme of new Lexer().lex(text)) {
    const type = CST.tokenType(lexeme);
    // Marks a plain or block scalar, whose text is the next lexeme; has no text of its own.
    if (type === 'scalar' || type === 'doc-mode' || type === 'flow-error-end') {
      if (type === 'scalar') nodes++;
      continue;
    }
    if (type !== null && beginsNode.has(type)) nodes++;
    if (type !== null && opens.has(type)) flowDepth++;
    if (type !== null && closes.has(type)) flowDepth--;
    if (type === 'doc-start') documents++;
    compactDepth = type !== null && nests.has(type) ? compactDepth + 1 : type === 'space' ? compactDepth : 0;
    if (nodes > limits.nodes) return { message: `the file holds more than ${limits.nodes} YAML nodes`, offset };
    if (documents > limits.documentsPerFile + 1) {
      return { message: `the file holds more than ${limits.documentsPerFile} documents`, offset };
    }
    if (flowDepth + compactDepth > limits.depth) {
      return { message: `the document is nested more than ${limits.depth} levels deep`, offset };
    }
    offset += lexeme.length;
  }
  return undefined;
}
