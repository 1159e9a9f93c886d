/** Throws an Error if `condition` is false. A false condition is a bug; mistakes of the user throw a `UserError`. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`Bug: ${message}`);
}
