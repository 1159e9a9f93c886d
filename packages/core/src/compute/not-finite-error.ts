/** The loss or the gradient of a shard is not finite. Nothing is repaired: training stops. */
export class NotFiniteError extends Error {
  readonly shard: number;

  constructor(shard: number, what: string) {
    super(`${what} of shard ${shard} is not a finite number.`);
    this.name = 'NotFiniteError';
    this.shard = shard;
  }
}
