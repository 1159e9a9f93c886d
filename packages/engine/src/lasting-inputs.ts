/** Which array each variable of the device holds, and how many graph runs are reading it now. */
import type { UnitArray } from '@lstm-gan/core';

/** Writes an array into a variable of the device. */
export type Assign = (variable: string, array: UnitArray) => Promise<void>;

interface Held {
  readonly array: UnitArray;
  readonly assigned: Promise<void>;
  /** The number of graph runs that read the variable now, or wait until the variable is assigned. */
  readers: number;
  /** Called when there are no readers any more. */
  onFree: (() => void)[];
}

/**
 * Inputs that stay on the device from run to run, each in a variable. A variable is assigned again only if a run brings
 * another array object than the variable holds, so the caller must never overwrite an array that it has given. The
 * assignment waits until no run reads the variable.
 */
export class LastingInputs {
  readonly #assign: Assign;
  readonly #held = new Map<string, Held>();

  constructor(assign: Assign) {
    this.#assign = assign;
  }

  /** Calls `run` while each variable holds its array. @param arrays the arrays by variable */
  async holding<T>(arrays: Readonly<Record<string, UnitArray>>, run: () => Promise<T>): Promise<T> {
    const taken: Held[] = [];
    try {
      // In alphabetical order: otherwise two runs could each hold a variable that the other waits for.
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
