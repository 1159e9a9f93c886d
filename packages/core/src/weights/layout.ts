/**
 * A layout names the parts of a flat vector. Everything that is sent, folded, optimized or stored is a `Float32Array`
 * with a layout. Tensors exist only inside core's formulas and engines.
 *
 * A network's layout holds its trainable parameters and its state (the moving averages of batch normalisation), in
 * layer order. A contribution to a phase is a vector of the *same* layout. It holds gradients in entries of role
 * `trainable`, and batch moments in entries of role `state` (the mean of squares in the entry of the variance).
 */

/** The two networks of a GAN. */
export const networks = ['generator', 'discriminator'] as const;

/**
 * One of the two networks of a GAN.
 *
 * @category A training step
 */
export type Network = (typeof networks)[number];

/** `trainable`: the optimizer updates it; `state`: the moving averages of batch normalisation. */
export type Role = 'trainable' | 'state';

/**
 * One named part of a flat vector.
 *
 * @category Weights
 */
export interface LayoutEntry {
  /** `<layer>/<name>`, for example `lstm/recurrentKernel`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly role: Role;
  /** Where the entry begins, in floats. */
  readonly offset: number;
  /** How many floats it has. */
  readonly size: number;
}

/**
 * The parts of a flat vector, in order and without gaps.
 *
 * @category Weights
 */
export interface Layout {
  readonly entries: readonly LayoutEntry[];
  /** Floats in the whole vector. */
  readonly size: number;
}

/** A part whose offset is not decided yet. */
export type LayoutPart = Pick<LayoutEntry, 'name' | 'shape' | 'role'>;

/** Lays parts out one after the other, without gaps. */
export function createLayout(parts: readonly LayoutPart[]): Layout {
  let offset = 0;
  const entries = parts.map(({ name, shape, role }) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const entry: LayoutEntry = { name, shape, role, offset, size };
    offset += size;
    return entry;
  });
  return { entries, size: offset };
}

/**
 * How many trainable parameters a layout has; state is not counted.
 *
 * @category Weights
 */
export function countParameters({ entries }: Pick<Layout, 'entries'>): number {
  return entries.reduce((sum, entry) => sum + (entry.role === 'trainable' ? entry.size : 0), 0);
}

/** The entries of each layer, in order; a layer without any (an activation, a reshape) is not in a layout. */
export function entriesByLayer({ entries }: Layout): Map<string, LayoutEntry[]> {
  const layers = new Map<string, LayoutEntry[]>();
  for (const entry of entries) {
    const layer = entry.name.slice(0, entry.name.indexOf('/'));
    layers.set(layer, [...(layers.get(layer) ?? []), entry]);
  }
  return layers;
}

/** The floats of one entry: a view, not a copy. */
export function entryView(vector: Float32Array, entry: LayoutEntry): Float32Array {
  return vector.subarray(entry.offset, entry.offset + entry.size);
}

/** Returns a text that is equal for equal layouts and different for different ones. The handshake compares its hash. */
export function describeLayout(layout: Layout): string {
  return layout.entries.map(({ name, shape, role }) => `${name} [${shape.join(',')}] ${role}`).join('\n');
}
