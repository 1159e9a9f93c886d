/** Finds out what a machine has for training: the system, the processor, programs, TensorFlow and GPUs. */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { runProgram } from '@lstm-gan/system';
import { usesFusedMultiplyAdd } from './processor.ts';
import { locateTensorFlow, type Provisioned } from './tensorflow/provision/provision.ts';
import { tensorflowVersion, type TensorFlowVariant } from './tensorflow/provision/release.ts';
import { libraryVersion } from './tensorflow/runtime/addon.ts';
import { openSession } from './tensorflow/runtime/session.ts';
import { thisHost } from './tensorflow/provision/requirements.ts';

/** One line of the diagnosis. */
export interface Finding {
  readonly what: string;
  readonly found: string;
  /** True if training needs this thing and the machine does not have it. */
  readonly missing: boolean;
}

const finding = (what: string, found: string, missing = false): Finding => ({ what, found, missing });

/** The findings, in the order in which they are printed. */
export async function diagnose(cacheDir: string): Promise<Finding[]> {
  const { platform, arch, glibc, env } = thisHost();
  const [cpu] = os.cpus();
  const version = async (program: string, parameters: string[]) => {
    const { status, output } = await runProgram(program, parameters, { env });
    return status === 0 ? output.split('\n')[0] : undefined;
  };
  const [npm, python, pip, compiler] = await Promise.all([
    version('npm', ['--version']),
    version('python3', ['--version']),
    version('python3', ['-m', 'pip', '--version']),
    version(env['CXX'] ?? 'c++', ['--version']),
  ]);
  const supported = platform === 'linux' && arch === 'x64' && glibc !== undefined;
  return [
    finding('system', `${platform} ${arch}${glibc === undefined ? ', no glibc' : `, glibc ${glibc}`}`, !supported),
    finding(
      'processor',
      `${cpu?.model ?? 'unknown'}, ${os.availableParallelism()} cores, ${(os.totalmem() / 1e9).toFixed(0)} GB` +
        (usesFusedMultiplyAdd()
          ? ''
          : '; AVX2 or FMA is missing or left aside, so it computes other bits than most processors (docs/bits.md)'),
    ),
    finding('Node.js', `${process.version}, npm ${npm ?? 'not found'}`),
    finding('Python', `${python ?? 'not found'}, ${pip ?? 'no pip'} (only setup needs it)`),
    finding('C++ compiler', `${compiler ?? 'not found'} (only setup needs it)`),
    finding('cache', cacheDir),
    ...(await findTensorFlow(cacheDir, 'cpu')),
    ...(await findGpu(cacheDir)),
  ];
}

async function findTensorFlow(cacheDir: string, variant: TensorFlowVariant): Promise<Finding[]> {
  const provisioned = await locateTensorFlow(cacheDir, variant);
  if (provisioned === undefined) {
    return [
      finding(
        `TensorFlow (${variant})`,
        `${tensorflowVersion} is not set up; run: lstm-gan setup --variant ${variant}`,
        true,
      ),
    ];
  }
  const { paths, tfjsNode } = provisioned;
  const library = path.join(paths.libraryDir, 'libtensorflow_cc.so.2');
  const megabytes = async (file: string) => `${((await stat(file)).size / 1e6).toFixed(1)} MB`;
  return [
    finding(`TensorFlow (${variant})`, `${libraryVersion(provisioned)}, ${library}, ${await megabytes(library)}`),
    finding('session addon', `${paths.session}, ${await megabytes(paths.session)}`),
    finding('tfjs binding', `${paths.stockBinding}, ${await megabytes(paths.stockBinding)}, from ${tfjsNode}`),
  ];
}

async function findGpu(cacheDir: string): Promise<Finding[]> {
  if (!existsSync('/dev/nvidiactl')) return [finding('GPU', 'not used: this machine has no NVIDIA driver')];
  const { status, output } = await runProgram('nvidia-smi', [
    '--query-gpu=name,driver_version,memory.total',
    '--format=csv,noheader',
  ]);
  const cards = finding('GPU', status === 0 ? output.trim().replaceAll('\n', '; ') : 'nvidia-smi does not answer');
  const provisioned = await locateTensorFlow(cacheDir, 'gpu');
  if (provisioned === undefined) return [cards, finding('GPU used', 'no: run lstm-gan setup --variant gpu')];
  return [cards, ...(await findTensorFlow(cacheDir, 'gpu')).slice(0, 1), finding('GPU used', gpuDevices(provisioned))];
}

/** The GPUs that TensorFlow lists. TensorFlow uses no others. */
function gpuDevices(provisioned: Provisioned): string {
  const session = openSession(provisioned, 1);
  try {
    const gpus = session
      .devices()
      .filter(({ type }) => type === 'GPU')
      .map(({ name }) => name);
    return gpus.length > 0
      ? gpus.join(', ')
      : 'no: TensorFlow lists no GPU; its CUDA libraries or the driver do not fit';
  } finally {
    session.close();
  }
}
