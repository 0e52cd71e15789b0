import { createHash } from 'node:crypto';
import type { LocationRef } from '../model/location-ref.ts';
import { ModelError } from '../model/model-error.ts';
import { type DocumentError, toDocumentError } from './document-error.ts';
import { parseYaml, type ParsedDocument } from './parse-yaml.ts';
import { type ReadInclude, fillPlaceholders } from './placeholders.ts';
import { type ProcessContext, type ProcessedEntity, processEntity, refOfDocument } from './process-entity.ts';

/** One document of a file, taken or refused. */
export interface ProcessedDocument {
  index: number;
  /** Hash of the document with its placeholders filled in, and of the model version. */
  inputHash: string;
  includes: readonly string[];
  outcome: { ok: true; entity: ProcessedEntity } | { ok: false; error: DocumentError; ref?: string };
}

export interface FileContext extends ProcessContext {
  text: string;
  /** Base of the placeholders' targets. */
  base: string;
  readInclude: ReadInclude;
  modelVersion: number;
}

/** Processes every document of one file. A broken one does not keep the others from being taken. */
export async function processFile(context: FileContext): Promise<ProcessedDocument[]> {
  const processed: ProcessedDocument[] = [];
  const seen = new Map<string, number>();
  for (const parsed of parseYaml(context.text)) {
    const document = await processParsed(parsed, context);
    processed.push(document.outcome.ok ? refuseDouble(document, document.outcome.entity, parsed, seen) : document);
  }
  return processed;
}

async function processParsed(parsed: ParsedDocument, context: FileContext): Promise<ProcessedDocument> {
  const { index } = parsed;
  if (!parsed.ok) return { index, inputHash: '', includes: [], outcome: { ok: false, error: parsed.error } };
  const filled = await fillPlaceholders(parsed.value, { read: context.readInclude, base: context.base });
  const inputHash = hashInput(context.modelVersion, filled.value, context);
  const ref = refOfDocument(parsed.value);
  const refused = (err: unknown): ProcessedDocument => {
    const error = toDocumentError(err, parsed.locate);
    return {
      index,
      inputHash,
      includes: filled.includes,
      outcome: { ok: false, error, ...(ref === undefined ? {} : { ref }) },
    };
  };
  if (filled.error) return refused(filled.error);
  try {
    const entity = processEntity(filled.value, context);
    return { index, inputHash, includes: filled.includes, outcome: { ok: true, entity } };
  } catch (err) {
    return refused(err);
  }
}

function refuseDouble(
  document: ProcessedDocument,
  { ref }: ProcessedEntity,
  parsed: ParsedDocument,
  seen: Map<string, number>,
): ProcessedDocument {
  const first = seen.get(ref);
  if (first === undefined) {
    seen.set(ref, document.index);
    return document;
  }
  const message = `${ref} is described twice in this file, first by document ${first + 1}`;
  const error = toDocumentError(
    new ModelError('duplicate-entity', message, ['metadata', 'name']),
    parsed.ok ? parsed.locate : undefined,
  );
  return { ...document, outcome: { ok: false, error } };
}

/** Unchanged input gives an unchanged entity: it holds all that processing depends on. */
function hashInput(
  modelVersion: number,
  value: unknown,
  origin: { location: LocationRef; origin: LocationRef },
): string {
  const { location, origin: from } = origin;
  const input = [modelVersion, location.type, location.target, from.type, from.target, value];
  return createHash('sha256').update(JSON.stringify(input)).digest('hex');
}
