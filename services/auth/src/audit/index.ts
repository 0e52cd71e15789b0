export type { SignedCheckpoint } from './checkpoint.ts';
export { createExportVerifier, type ExportVerdict } from './verify-export.ts';
