/**
 * A unit whose graphs are loaded: what each graph is fed, what is fetched from each, and what the first graph keeps for
 * the second.
 */
import type { Unit, UnitArray } from '@lstm-gan/core';
import {
  checkAccumulation,
  checkArrays,
  earlyInputSpecs,
  endAccumulation,
  type Accumulation,
  type BegunUnit,
  type CompiledUnit,
  type UnitArrays,
} from '@lstm-gan/core/step';
import { outputName } from './graph/prepare/output-names.ts';
import type { NativeArithmetic } from './tensorflow/runtime/native-arithmetic.ts';
import type { SessionFeed } from './tensorflow/runtime/addon.ts';
import type { KeptFeed, LoadedGraph } from './tensorflow/runtime/session.ts';

/** The inputs of a unit by name, or some of them. */
export type Inputs = Readonly<Record<string, UnitArray>>;

/** What a unit needs of the engine to run its graphs. */
export interface GraphRuns {
  readonly arithmetic: NativeArithmetic;
  isClosed(): boolean;
  /**
   * Calls `call` with the graph's feeds, as one native call. Before the call, puts the inputs that the graph reads from
   * variables into the variables, where they stay until the call has settled.
   */
  callWithFeeds<T>(
    unit: Unit,
    graph: LoadedGraph,
    inputs: Inputs,
    call: (feeds: SessionFeed[]) => Promise<T>,
  ): Promise<T>;
}

interface Begun {
  /** Undefined if the first part of the unit's graph leaves nothing for the second. */
  readonly kept: KeptFeed | undefined;
  /** True after `finish` or `discard`. */
  isOver: boolean;
}

/** A compiled unit of the graph engine. */
export class GraphUnit<I extends string, O extends string> implements CompiledUnit<I, O> {
  readonly graphHash: string;
  readonly #unit: Unit<I, O>;
  readonly #first: LoadedGraph;
  readonly #last: LoadedGraph;
  readonly #runs: GraphRuns;
  readonly #keptNames: readonly string[];
  readonly #earlyNames: readonly O[];
  readonly #lateNames: readonly O[];

  /** @param graphs one graph (whole), or two (begin, finish) */
  constructor(unit: Unit<I, O>, graphs: readonly LoadedGraph[], graphHash: string, runs: GraphRuns) {
    this.graphHash = graphHash;
    this.#unit = unit;
    this.#first = graphs[0];
    this.#last = graphs[graphs.length - 1];
    this.#runs = runs;
    this.#keptNames = this.#last.placeholders.filter((name) => !(name in unit.inputs));
    this.#earlyNames = unit.earlyOutputs ?? [];
    this.#lateNames = (Object.keys(unit.outputs) as O[]).filter((name) => !this.#earlyNames.includes(name));
  }

  get inputs() {
    return this.#unit.inputs;
  }

  get outputs() {
    return this.#unit.outputs;
  }

  async run(inputs: Readonly<Record<I, UnitArray>>, accumulation?: Accumulation<O>): Promise<Record<O, Float32Array>> {
    checkArrays(this.#unit.name, this.inputs, inputs);
    const early = Object.fromEntries((this.#unit.early ?? []).map((name) => [name, inputs[name]])) as UnitArrays<I>;
    const { outputs, finish } = await this.begin(early);
    return { ...outputs, ...(await finish(inputs, accumulation)) } as Record<O, Float32Array>;
  }

  async begin(early: UnitArrays<I>): Promise<BegunUnit<I, O>> {
    checkArrays(this.#unit.name, earlyInputSpecs(this.#unit as Unit), early as Inputs);
    const isBegun = this.#keptNames.length + this.#earlyNames.length > 0;
    const { outputs = [], kept } = isBegun
      ? await this.#callWithFeeds(this.#first, early as Inputs, (feeds) =>
          this.#first.begin(feeds, this.#earlyNames.map(outputName), this.#keptNames.map(outputName)),
        )
      : {};
    const begun: Begun = { kept: kept && { values: kept, names: this.#keptNames }, isOver: false };
    return {
      outputs: named(this.#earlyNames, outputs),
      finish: (rest, accumulation) => this.#finish({ ...early, ...rest } as Inputs, begun, accumulation),
      discard: () => this.#discard(begun),
    };
  }

  async #finish(
    inputs: Inputs,
    begun: Begun,
    accumulation: Accumulation<O> | undefined,
  ): Promise<Partial<Record<O, Float32Array>>> {
    checkArrays(this.#unit.name, this.inputs, inputs);
    if (accumulation !== undefined) checkAccumulation(this.#unit as Unit, accumulation);
    begun.isOver = true;
    const fetch = (names: readonly O[]): string[] => [...names.map(outputName), ...this.#last.drops];
    if (accumulation === undefined)
      return named(
        this.#lateNames,
        await this.#callWithFeeds(this.#last, inputs, (feeds) =>
          this.#last.run(feeds, fetch(this.#lateNames), begun.kept),
        ),
      );
    const { output, onto } = accumulation;
    const names = [output, ...this.#lateNames.filter((name) => name !== output)];
    const sum = await this.#callWithFeeds(this.#last, inputs, (feeds) =>
      this.#last.accumulate(feeds, fetch(names), onto, begun.kept),
    );
    const outputs = named(names, sum.outputs);
    endAccumulation(
      this.#unit as Unit,
      accumulation,
      outputs as Record<O, Float32Array>,
      this.#runs.arithmetic,
      sum.isFinite,
    );
    return outputs;
  }

  #discard(begun: Begun): void {
    const { kept } = begun;
    // Closing the engine frees kept values on the device. The garbage collector frees all other kept values.
    if (kept === undefined || begun.isOver || this.#runs.isClosed()) return;
    begun.isOver = true;
    if (this.#last.drops.length === 0) this.#first.discard(kept.values);
    else void this.#callWithFeeds(this.#last, {}, () => this.#last.run([], this.#last.drops, kept));
  }

  #callWithFeeds<T>(graph: LoadedGraph, inputs: Inputs, call: (feeds: SessionFeed[]) => Promise<T>): Promise<T> {
    return this.#runs.callWithFeeds(this.#unit as Unit, graph, inputs, call);
  }
}

function named<O extends string>(
  names: readonly O[],
  arrays: readonly Float32Array[],
): Partial<Record<O, Float32Array>> {
  return Object.fromEntries(names.map((name, index) => [name, arrays[index]])) as Partial<Record<O, Float32Array>>;
}
