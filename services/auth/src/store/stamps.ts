/** Columns of who made a row, and when. */
export function createdStamps(actor: string, now: Date) {
  const at = now.toISOString();
  return { created_at: at, updated_at: at, created_by: actor, updated_by: actor };
}

/** Columns of who changed a row last, and when. */
export function updatedStamps(actor: string, now: Date) {
  return { updated_at: now.toISOString(), updated_by: actor };
}
