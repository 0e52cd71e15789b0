/** The path as a Backstage plugin would name it: relative to its mount. */
export function belowMount(mount: string, path: string): string {
  const rest = path.startsWith(mount) ? path.slice(mount.length) : path;
  return rest === '' ? '/' : rest;
}
