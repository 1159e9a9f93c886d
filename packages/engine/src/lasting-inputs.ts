/** Which arrays a device's variables hold, and who is reading them. */
import type { UnitArray } from '@lstm-gan/core';

/** Puts an array into a variable. */
export type Assign = (variable: string, array: UnitArray) => Promise<void>;

interface Held {
  readonly array: UnitArray;
  readonly assigned: Promise<void>;
  /** Runs that read it, or wait to. */
  readers: number;
  /** Told when there is none. */
  onFree: (() => void)[];
}

/**
 * Inputs that stay on the device from run to run. An array is recognised by being the same object, so one that was given must
 * never be written again; another one takes its place as soon as no run reads the variable.
 */
export class LastingInputs {
  readonly #assign: Assign;
  readonly #held = new Map<string, Held>();

  constructor(assign: Assign) {
    this.#assign = assign;
  }

  /** Runs while each of the variables holds its array. */
  async holding<T>(arrays: Readonly<Record<string, UnitArray>>, run: () => Promise<T>): Promise<T> {
    const taken: Held[] = [];
    try {
      // In one order, or two runs could each have what the other waits for.
      for (const variable of Object.keys(arrays).sort()) taken.push(await this.#take(variable, arrays[variable]));
      return await run();
    } finally {
      taken.forEach(leave);
    }
  }

  async #take(variable: string, array: UnitArray): Promise<Held> {
    let held = this.#held.get(variable);
    while (held !== undefined && held.array !== array && held.readers > 0) {
      await becomesFree(held);
      held = this.#held.get(variable);
    }
    if (held?.array !== array) {
      held = { array, assigned: this.#assign(variable, array), readers: 0, onFree: [] };
      this.#held.set(variable, held);
    }
    held.readers += 1;
    try {
      await held.assigned;
    } catch (error) {
      if (this.#held.get(variable) === held) this.#held.delete(variable);
      leave(held);
      throw error;
    }
    return held;
  }
}

function becomesFree(held: Held): Promise<void> {
  return new Promise((resolve) => held.onFree.push(resolve));
}

function leave(held: Held): void {
  held.readers -= 1;
  if (held.readers === 0) for (const tell of held.onFree.splice(0)) tell();
}
