/**
 * A UserError is a mistake that the user can correct. It says what is wrong, what was expected, what was given instead,
 * and what to do. A bug in this code is not a UserError: it fails an `assert`.
 */

/** The content of a UserError. */
export interface UserErrorDetail {
  /**
   * Names the mistake for programs, so the code stays the same between versions. In kebab-case, for example
   * `batch-not-divisible`.
   */
  readonly code: string;
  /** Says what is wrong, what was given and what was expected. Usually one sentence. */
  readonly message: string;
  /** Says what the user should do. Usually one sentence. */
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
