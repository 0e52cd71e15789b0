/** True when `REQUIRE_BACKENDS` names the server: its absence is a failure then, not a reason to skip. */
export function isRequired(backend: string): boolean {
  return (process.env.REQUIRE_BACKENDS ?? '').split(',').some((name) => name.trim() === backend);
}
