/**
 * What an entry of the protocol declares about a message, and the type of the message, which TypeScript derives from
 * the entry.
 */
import type { z } from 'zod';

/** For each element type, by name: the arrays that a message can carry. */
interface ArrayTypes {
  float32: Float32Array;
  uint8: Uint8Array;
}

/** The type of an array's elements. */
export type ElementType = keyof ArrayTypes;

/**
 * A field that is an array or a list of float32 arrays. The list has one array for each item of the field that
 * `oneForEach` names, or no array at all.
 *
 * @public because the type declarations of the message tables name this type
 */
export type ArrayField<PlainField = string> =
  ElementType | { readonly listOf: 'float32'; readonly oneForEach: PlainField };

type ArrayFields<PlainField = string> = Readonly<Record<string, ArrayField<PlainField>>>;

/** A value whose objects and lists are readonly, however deep they lie. */
export type DeepReadonly<Value> = Value extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : Value extends object
    ? { readonly [Key in keyof Value]: DeepReadonly<Value[Key]> }
    : Value;

type ArrayOf<Field> = Field extends ElementType ? ArrayTypes[Field] : readonly Float32Array[];

/**
 * The fields that hold the arrays of an entry. An entry without `arrays` has no such fields. TypeScript then infers the
 * constraint of the type parameter `Arrays`, in which any string is a key.
 */
type ArrayContents<Arrays> = string extends keyof Arrays
  ? unknown
  : { readonly [Name in keyof Arrays]: ArrayOf<Arrays[Name]> };

/** All fields of a message but `kind`. */
type Contents<Fields extends z.ZodRawShape, Arrays> = DeepReadonly<z.infer<z.ZodObject<Fields, z.core.$strict>>> &
  ArrayContents<Arrays>;

/** One message of the protocol: everything that encoding, decoding, types and tests need to know about the message. */
export interface MessageDefinition<Fields extends z.ZodRawShape, Arrays extends ArrayFields<keyof Fields>> {
  /** The plain fields. A message with any additional field is refused. */
  readonly fields: Fields;
  /** The fields that are arrays. They travel in frames of their own after the header, in the order of this list. */
  readonly arrays?: Arrays;
  /** Valid messages, one of every shape. Tests send each of them, and fuzzing starts from them. */
  readonly samples: readonly [Contents<Fields, Arrays>, ...Contents<Fields, Arrays>[]];
}

/** An entry without the types of its own fields, for code that handles messages of every kind. */
export interface MessageEntry {
  readonly fields: z.ZodRawShape;
  readonly arrays?: ArrayFields<PropertyKey>;
  readonly samples: readonly object[];
}

/** Entries by the `kind` of their messages. */
export type MessageTable = Readonly<Record<string, MessageEntry>>;

/** Returns an entry unchanged. The compiler checks the entry's types. */
export function message<const Fields extends z.ZodRawShape, const Arrays extends ArrayFields<keyof Fields>>(
  entry: MessageDefinition<Fields, Arrays>,
): MessageDefinition<Fields, Arrays> {
  return entry;
}

/** The message of one kind in a table; for a union of kinds, the union of their messages. */
export type MessageOf<Table extends MessageTable, Kind extends keyof Table = keyof Table> = {
  [Each in Kind]: { readonly kind: Each } & Table[Each]['samples'][number];
}[Kind];
