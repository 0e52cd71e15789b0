const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const numeric = /^[0-9]+$/;

/** Names that mean something inside a machine or cluster, or are reserved (RFC 6761, 6762, 7686, 8375; ICANN's .internal). */
const innerSuffixes = [
  'localhost',
  'local',
  'internal',
  'svc',
  'cluster.local',
  'home.arpa',
  'onion',
  'invalid',
  'example',
];

/** Rule 3: a lower-case name of two or more LDH labels, at most 253 characters, no trailing dot, not under a name that stays inside. */
export function isPublicName(host: string): boolean {
  if (host.length > 253) return false;
  const labels = host.split('.');
  if (labels.length < 2 || !labels.every((part) => label.test(part))) return false;
  if (numeric.test(labels.at(-1) ?? '')) return false;
  return !innerSuffixes.some((suffix) => host === suffix || host.endsWith(`.${suffix}`));
}
