/** Bounds of one descriptor file and of one entity; beyond them a document is refused with the bound in its message. */
export const limits = {
  fileBytes: 1024 * 1024,
  documentsPerFile: 1000,
  /** YAML nodes of one file, and values of one document with its aliases written out. */
  nodes: 50_000,
  aliases: 100,
  depth: 64,
  /** Characters of one document with its aliases written out and placeholders filled in. */
  documentChars: 1024 * 1024,
  /** JSON text of one entity, in UTF-16 code units. */
  entityChars: 256 * 1024,
  termsPerEntity: 2000,
  refChars: 500,
  includeBytes: 1024 * 1024,
  includeDepth: 3,
  includesPerDocument: 20,
  /** Location entities below Location entities, and files reached through them. */
  locationDepth: 10,
  filesPerSource: 200_000,
} as const;
