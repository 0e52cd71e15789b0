/**
 * Whether a pattern holds a permission: the same text, or its beginning and a final `*`. With a pattern in place of the
 * permission: whether it holds all that this one can ever name.
 */
export function patternCovers(pattern: string, permission: string): boolean {
  return pattern === permission || (pattern.endsWith('*') && permission.startsWith(pattern.slice(0, -1)));
}

export function anyCovers(patterns: readonly string[], permission: string): boolean {
  return patterns.some((pattern) => patternCovers(pattern, permission));
}
