/** Where in a document something is wrong: the keys and positions that lead to it from the root. */
export type DocumentPath = readonly (string | number)[];

/** A rule of the entity model was broken. `reason` is short and stable; `path` points at the offending node. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  readonly reason: string;
  readonly path: DocumentPath;

  constructor(reason: string, message: string, path: DocumentPath = [], options?: { cause?: unknown }) {
    super(message, options);
    this.reason = reason;
    this.path = path;
  }
}
