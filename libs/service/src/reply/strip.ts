import type { z } from 'zod';

/** Copies what a schema names and nothing else. */
export type Strip = (value: unknown) => unknown;

interface Definition {
  type: string;
  shape?: Record<string, z.core.$ZodType>;
  catchall?: z.core.$ZodType;
  innerType?: z.core.$ZodType;
  in?: z.core.$ZodType;
  out?: z.core.$ZodType;
  element?: z.core.$ZodType;
  valueType?: z.core.$ZodType;
  options?: z.core.$ZodType[];
  items?: z.core.$ZodType[];
  rest?: z.core.$ZodType | null;
  left?: z.core.$ZodType;
  right?: z.core.$ZodType;
  values?: unknown[];
  discriminator?: string;
  getter?: () => z.core.$ZodType;
}

const keep: Strip = (value) => value;

/**
 * Compiles a zod schema into a function that copies declared members only, so that nothing reaches a client because a row
 * happened to hold it. It does not validate. Transforms are not run: an answer is described by what goes in.
 */
export function compileStrip(schema: z.core.$ZodType, seen = new Map<z.core.$ZodType, { strip?: Strip }>()): Strip {
  const known = seen.get(schema);
  if (known !== undefined) return known.strip ?? ((value) => (known.strip ?? keep)(value));
  const slot: { strip?: Strip } = {};
  seen.set(schema, slot);
  slot.strip = compile(schema._zod.def as unknown as Definition, (inner) => compileStrip(inner, seen));
  return slot.strip;
}

function compile(def: Definition, inner: (schema: z.core.$ZodType) => Strip): Strip {
  switch (def.type) {
    case 'object':
      return stripObject(def, inner);
    case 'array':
      return stripArray(inner(def.element!));
    case 'record':
      return stripRecord(inner(def.valueType!));
    case 'tuple':
      return stripTuple(def, inner);
    case 'union':
      return stripUnion(def.options!, inner);
    case 'intersection':
      return stripIntersection(inner(def.left!), inner(def.right!));
    case 'lazy': {
      let strip: Strip | undefined;
      return (value) => (strip ??= inner(def.getter!()))(value);
    }
    default:
      return def.innerType === undefined && def.in === undefined ? keep : inner((def.innerType ?? def.in)!);
  }
}

function stripObject(def: Definition, inner: (schema: z.core.$ZodType) => Strip): Strip {
  const names = Object.keys(def.shape!);
  const strips = names.map((name) => inner(def.shape![name]!));
  const open = def.catchall !== undefined && (def.catchall._zod.def as { type: string }).type !== 'never';
  const declared = new Set(names);
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const source = value as Record<string, unknown>;
    const copy: Record<string, unknown> = {};
    for (let index = 0; index < names.length; index++) {
      const member = source[names[index]!];
      if (member !== undefined) copy[names[index]!] = strips[index] === keep ? member : strips[index]!(member);
    }
    if (open) for (const name of Object.keys(source)) if (!declared.has(name)) copy[name] = source[name];
    return copy;
  };
}

function stripArray(item: Strip): Strip {
  if (item === keep) return keep;
  return (value) => (Array.isArray(value) ? value.map(item) : value);
}

function stripRecord(item: Strip): Strip {
  if (item === keep) return keep;
  return (value) => {
    if (typeof value !== 'object' || value === null) return value;
    const copy: Record<string, unknown> = {};
    for (const [name, member] of Object.entries(value)) copy[name] = item(member);
    return copy;
  };
}

function stripTuple(def: Definition, inner: (schema: z.core.$ZodType) => Strip): Strip {
  const strips = def.items!.map(inner);
  const rest = def.rest === undefined || def.rest === null ? undefined : inner(def.rest);
  return (value) => {
    if (!Array.isArray(value)) return value;
    const kept = rest === undefined ? value.slice(0, strips.length) : value;
    return kept.map((item, index) => (strips[index] ?? rest ?? keep)(item));
  };
}

/** The first option whose kind, literals and required members the value has. */
function stripUnion(options: z.core.$ZodType[], inner: (schema: z.core.$ZodType) => Strip): Strip {
  const strips = options.map(inner);
  if (strips.every((strip) => strip === keep)) return keep;
  return (value) => {
    if (typeof value !== 'object' || value === null) return value;
    const index = options.findIndex((option) => fits(option, value));
    return index < 0 ? undefined : strips[index]!(value);
  };
}

function fits(schema: z.core.$ZodType, value: unknown): boolean {
  const def = schema._zod.def as unknown as Definition;
  switch (def.type) {
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value) && membersFit(def.shape!, value);
    case 'array':
    case 'tuple':
      return Array.isArray(value);
    case 'record':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'literal':
      return def.values!.includes(value);
    case 'union':
      return def.options!.some((option) => fits(option, value));
    case 'optional':
    case 'default':
    case 'prefault':
      return value === undefined || fits(def.innerType!, value);
    case 'nullable':
      return value === null || fits(def.innerType!, value);
    case 'lazy':
      return fits(def.getter!(), value);
    case 'any':
    case 'unknown':
    case 'custom':
      return true;
    default:
      if (def.innerType !== undefined || def.in !== undefined) return fits((def.innerType ?? def.in)!, value);
      return typeof value !== 'object' || value instanceof Date;
  }
}

function membersFit(shape: Record<string, z.core.$ZodType>, value: object): boolean {
  for (const name in shape) {
    const member = (value as Record<string, unknown>)[name];
    const def = shape[name]!._zod.def as unknown as Definition;
    if (
      member === undefined
        ? shape[name]!._zod.optin === undefined
        : def.type === 'literal' && !def.values!.includes(member)
    ) {
      return false;
    }
  }
  return true;
}

function stripIntersection(left: Strip, right: Strip): Strip {
  return (value) => {
    const [a, b] = [left(value), right(value)];
    return typeof a === 'object' && typeof b === 'object' ? { ...a, ...b } : value;
  };
}
