/**
 * The pinned versions and hashes of what is provisioned: the TensorFlow library inside TensorFlow's Python wheels. The
 * Python version 3.12 only selects the wheel. The machine may have any Python 3: only its pip and its zip reader are
 * used.
 */

/** `gpu` has kernels for NVIDIA's GPUs, and needs CUDA. */
export type TensorFlowVariant = 'cpu' | 'gpu';

/** A wheel as it was published. */
export interface WheelRelease {
  /** As pip takes it: `name==version`. */
  readonly requirement: string;
  /** The wheel's name. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

interface TensorFlowRelease extends WheelRelease {
  /** Bytes of the unpacked files and the compiled addons, in addition to the download. */
  readonly unpackedBytes: number;
}

export const tensorflowVersion = '2.21.0';
export const tfjsNodeVersion = '4.22.0';

/**
 * TensorFlow's wheel is for the first platform; some of CUDA's wheels are for the others. pip downloads only wheels of
 * the platforms that are named.
 */
const platforms = ['manylinux_2_27_x86_64', 'manylinux_2_17_x86_64', 'manylinux2014_x86_64'];

/** pip's options that select the wheels, whatever Python it runs on. */
export const wheelTags: readonly string[] = [
  '--python-version',
  '3.12',
  ...platforms.flatMap((platform) => ['--platform', platform]),
];

export const wheels: Readonly<Record<TensorFlowVariant, TensorFlowRelease>> = {
  cpu: {
    requirement: `tensorflow-cpu==${tensorflowVersion}`,
    file: `tensorflow_cpu-${tensorflowVersion}-cp312-cp312-manylinux_2_27_x86_64.whl`,
    bytes: 274_000_871,
    sha256: 'dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb',
    unpackedBytes: 900_000_000,
  },
  gpu: {
    requirement: `tensorflow==${tensorflowVersion}`,
    file: `tensorflow-${tensorflowVersion}-cp312-cp312-manylinux_2_27_x86_64.whl`,
    bytes: 572_611_111,
    sha256: 'b3b95643c4e70eb925839938fb35cbe142f317ec84af6844ee61513713bb13c0',
    unpackedBytes: 7_000_000_000,
  },
};
