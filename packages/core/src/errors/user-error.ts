/**
 * A mistake that the user can mend: what is wrong, what was got, what was expected, and what to do.
 * Bugs are not user errors: they are asserts, and show a stack trace.
 */

/** What a user error says. */
export interface UserErrorDetail {
  /** Stable, for programs: kebab-case, for example `batch-not-divisible`. */
  readonly code: string;
  /** One sentence: what is wrong, with what was got and what was expected. */
  readonly message: string;
  /** One sentence: what to do about it. */
  readonly advice: string;
  readonly cause?: unknown;
}

/** A mistake that the user can mend, as an error: `message` says what is wrong, `advice` what to do. */
export class UserError extends Error {
  readonly code: string;
  readonly advice: string;

  constructor(detail: UserErrorDetail) {
    super(detail.message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'UserError';
    this.code = detail.code;
    this.advice = detail.advice;
  }
}
