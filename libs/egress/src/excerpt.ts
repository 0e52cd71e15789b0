const excerptMax = 256;
// oxlint-disable-next-line no-control-regex -- control characters are what this removes
const unprintable = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffd]/g;

/** At most 256 bytes of a remote body as text without control and direction characters: all of it that a tenant may ever see. */
export function excerpt(body: Uint8Array): string {
  return new TextDecoder().decode(body.subarray(0, excerptMax)).replace(unprintable, ' ').trim();
}
