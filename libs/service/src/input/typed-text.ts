import type { z } from 'zod';

/** Turns texts of a path or query into the declared types; what does not fit is left for the schema to refuse. */
export type TextReader = (input: Record<string, unknown>) => Record<string, unknown>;

type Read = (value: unknown) => unknown;

/**
 * Reader for an object schema whose members arrive as text: numbers, booleans and lists are read by declared type only,
 * everything else stays text. undefined where every member is text anyway.
 */
export function textReader(schema: z.core.$ZodType): TextReader | undefined {
  const shape = shapeOf(schema);
  if (shape === undefined) return undefined;
  const reads = new Map<string, Read>();
  for (const [name, member] of Object.entries(shape)) {
    const read = readOf(member);
    if (read !== undefined) reads.set(name, read);
  }
  if (reads.size === 0) return undefined;
  return (input) => {
    const typed: Record<string, unknown> = Object.create(null);
    for (const name in input) {
      const read = reads.get(name);
      typed[name] = read === undefined ? input[name] : read(input[name]);
    }
    return typed;
  };
}

interface Definition {
  type: string;
  shape?: Record<string, z.core.$ZodType>;
  innerType?: z.core.$ZodType;
  in?: z.core.$ZodType;
  element?: z.core.$ZodType;
  values?: unknown[];
}

function definitionOf(schema: z.core.$ZodType): Definition {
  let def = schema._zod.def as unknown as Definition;
  // optional, nullable, default, catch, readonly and pipes are read as what they wrap.
  for (let inner = def.innerType ?? def.in; inner !== undefined; inner = def.innerType ?? def.in) {
    def = inner._zod.def as unknown as Definition;
  }
  return def;
}

/** Members of an object schema, looked for behind refinements and wrappers. */
function shapeOf(schema: z.core.$ZodType): Record<string, z.core.$ZodType> | undefined {
  return definitionOf(schema).shape;
}

function readOf(schema: z.core.$ZodType): Read | undefined {
  const def = definitionOf(schema);
  switch (def.type) {
    case 'number':
    case 'int':
      return readNumber;
    case 'boolean':
      return readBoolean;
    case 'literal':
      return readLiteral(def.values ?? []);
    case 'array':
      return readList(def.element === undefined ? undefined : readOf(def.element));
    default:
      return undefined;
  }
}

function readNumber(value: unknown): unknown {
  return typeof value === 'string' && /^-?(?:0|[1-9]\d{0,15})(?:\.\d{1,15})?$/.test(value) ? Number(value) : value;
}

function readBoolean(value: unknown): unknown {
  if (value === 'true') return true;
  return value === 'false' ? false : value;
}

function readLiteral(values: unknown[]): Read {
  return (value) => values.find((literal) => typeof literal !== 'string' && String(literal) === value) ?? value;
}

function readList(item: Read | undefined): Read {
  return (value) => {
    const list = Array.isArray(value) ? value : [value];
    return item === undefined ? list : list.map(item);
  };
}
