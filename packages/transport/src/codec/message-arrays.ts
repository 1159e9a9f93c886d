/**
 * Takes the arrays out of a message and puts them in again. The protocol's entry for the message says which fields are
 * arrays. At most one of these fields is a list of arrays.
 */
import type { ElementType, MessageEntry } from '../protocol/message-entry.ts';

type TypedArray = Float32Array | Uint8Array;
type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = ({ arrays = {} }: MessageEntry) => Object.entries(arrays);

const singlesOf = (entry: MessageEntry): number =>
  fieldsOf(entry).filter(([, field]) => typeof field === 'string').length;

/** The plain fields of a message, and its arrays one after another. */
export function splitArrays(entry: MessageEntry, message: object): { plain: object; arrays: TypedArray[] } {
  const fields = Object.entries(message);
  const names = fieldsOf(entry).map(([name]) => name);
  return {
    plain: Object.fromEntries(fields.filter(([name]) => !names.includes(name))),
    arrays: names.flatMap((name) => (message as Record<string, TypedArray | TypedArray[]>)[name]),
  };
}

/**
 * The element types that the arrays of a message must have, if the message has these plain fields and `count` arrays.
 */
export function expectedElements(entry: MessageEntry, plain: Fields, count: number): ElementType[] {
  return fieldsOf(entry).flatMap(([, field]) => {
    if (typeof field === 'string') return [field];
    const isEmpty = count === singlesOf(entry);
    const counted = plain[String(field.oneForEach)] as readonly unknown[];
    return isEmpty ? [] : counted.map(() => field.listOf);
  });
}

/** Joins plain fields and arrays into the whole message. */
export function joinArrays(entry: MessageEntry, plain: object, arrays: readonly TypedArray[]): object {
  const left = [...arrays];
  const listLength = arrays.length - singlesOf(entry);
  const fields = fieldsOf(entry).map(([name, field]) => [
    name,
    typeof field === 'string' ? left.shift() : left.splice(0, listLength),
  ]);
  return { ...plain, ...Object.fromEntries(fields) };
}
