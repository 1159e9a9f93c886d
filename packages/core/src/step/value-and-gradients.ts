import { engine, keep, reshape, slice, tidy, zerosLike, type Scalar, type Tensor } from '@tensorflow/tfjs-core';
import { concatParts } from '../nn/concat-parts.ts';
import type { Layout } from '../weights/layout.ts';

/** The named tensors of a flat vector [size] in a layout. */
export function unpack(layout: Layout, vector: Tensor): Map<string, Tensor> {
  return new Map(
    layout.entries.map(({ name, offset, size, shape }) => [name, reshape(slice(vector, [offset], [size]), [...shape])]),
  );
}

/** What a formula of a loss computes. */
export interface LossAndExtras<Extra extends string> {
  readonly loss: Scalar;
  /** Other tensors of the computation that the caller needs in addition to the loss. */
  readonly extras: Readonly<Record<Extra, Tensor>>;
}

/**
 * Returns the loss, the extras, and the gradient of the loss as a flat vector in the layout. A trainable entry of the
 * vector holds the gradient with respect to the entry: zeros if the loss does not depend on the entry. A state entry
 * holds the result of `stateOf(name, extras)`, by default zeros.
 */
export function valueAndGradients<Extra extends string>(
  layout: Layout,
  weights: ReadonlyMap<string, Tensor>,
  formula: (weights: ReadonlyMap<string, Tensor>) => LossAndExtras<Extra>,
  stateOf: (name: string, extras: Readonly<Record<Extra, Tensor>>) => Tensor = (name) =>
    zerosLike(weights.get(name) as Tensor),
): { loss: Tensor; gradient: Tensor; extras: Record<Extra, Tensor> } {
  const names = layout.entries.filter(({ role }) => role === 'trainable').map(({ name }) => name);
  let seen: Partial<Record<Extra, Tensor>> = {};
  const trainable = names.map((name) => weights.get(name) as Tensor);
  const formulaOfTrainable = () => {
    const { loss, extras } = formula(weights);
    // `gradients` disposes of every tensor that the formula makes, except the loss.
    seen = mapValues(extras, (tensor) => keep(tensor.clone()));
    return loss;
  };
  // Not valueAndGrads, which throws if the loss does not depend on one of the entries.
  const { value, grads } = engine().gradients(formulaOfTrainable, trainable, undefined, true);
  const extras = mapValues(seen as Record<Extra, Tensor>, (kept) => {
    const copy = kept.clone();
    kept.dispose();
    return copy;
  });
  const gradientOf = new Map(
    names.map((name, i) => [name, (grads[i] as Tensor | undefined) ?? zerosLike(trainable[i])]),
  );
  const parts = layout.entries.map(({ name }) => gradientOf.get(name) ?? stateOf(name, extras));
  return { loss: value, gradient: tidy(() => concatParts(parts)), extras };
}

function mapValues<K extends string>(record: Readonly<Record<K, Tensor>>, change: (tensor: Tensor) => Tensor) {
  return Object.fromEntries(
    (Object.entries(record) as [K, Tensor][]).map(([key, tensor]) => [key, change(tensor)]),
  ) as Record<K, Tensor>;
}
