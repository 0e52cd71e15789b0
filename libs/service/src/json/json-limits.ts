/** Bounds of a JSON body, counted on its bytes before anything is built from it. */
export interface JsonLimits {
  /** Objects and arrays inside each other. */
  depth: number;
  /** Members of one object. */
  members: number;
  /** Items of one array. */
  items: number;
  /** UTF-8 bytes of one text. */
  stringBytes: number;
  /** Characters of one number. */
  numberLength: number;
  /** Values in all. */
  values: number;
  /** Control characters other than tab and line ends are accepted in texts (logs with terminal colours). */
  controls: boolean;
}

/** Defaults of the fleet (docs/security.md, limits). */
export const jsonLimits: Readonly<JsonLimits> = {
  depth: 32,
  members: 1000,
  items: 1000,
  stringBytes: 65_536,
  numberLength: 32,
  values: 50_000,
  controls: false,
};
