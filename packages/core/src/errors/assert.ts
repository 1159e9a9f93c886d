/** Throws an Error if `condition` is false. That is a bug in this code; a mistake of the user is a `UserError`. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`Bug: ${message}`);
}
