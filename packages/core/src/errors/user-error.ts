/**
 * Mistakes that the user can correct. The error says what is wrong, what was expected, what was given instead, and what
 * to do. A bug in this code is not a user error: it fails an `assert`, and shows a stack trace.
 */

/** The content of a UserError. */
export interface UserErrorDetail {
  /**
   * Names the mistake for programs, so it does not change between versions. Kebab-case, for example
   * `batch-not-divisible`.
   */
  readonly code: string;
  /** One sentence: what is wrong, what was given and what was expected. */
  readonly message: string;
  /** One sentence: what to do about it. */
  readonly advice: string;
  readonly cause?: unknown;
}

/** A mistake that the user can correct. `message` says what is wrong, `advice` says what to do. */
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
