export { readKeys } from './checkpoint.ts';
export type { CheckpointKeys, SignedCheckpoint } from './checkpoint.ts';
export { createExportVerifier, type ExportVerdict } from './verify-export.ts';
