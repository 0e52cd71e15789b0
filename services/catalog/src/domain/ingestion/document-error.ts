import { type DocumentPath, ModelError } from '../model/model-error.ts';

/** Position in a file, counted from 1. */
export interface Position {
  line: number;
  column: number;
}

/** Why a document was refused. Without position when the file could not be read at all. */
export interface DocumentError {
  reason: string;
  message: string;
  position?: Position;
}

/** Finds the node of a path in the source text; the nearest ancestor that exists when the node itself does not. */
export type Locate = (path: DocumentPath) => Position;

export function toDocumentError(err: unknown, locate?: Locate): DocumentError {
  if (!(err instanceof ModelError)) throw err;
  const error = { reason: err.reason, message: err.message };
  return locate ? { ...error, position: locate(err.path) } : error;
}
