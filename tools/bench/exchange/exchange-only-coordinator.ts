/**
 * `exchange-only-coordinator.ts BIND WORKERS EXCHANGE KEY-FILE`: a coordinator for workers that compute nothing. It
 * writes the key file, prints `listening ADDRESS`, and at the end the milliseconds of every timed step as JSON.
 */
import os from 'node:os';
import { performance } from 'node:perf_hooks';
import { startCoordinator } from '@lstm-gan/coordinator';
import { presets, type Preset } from '@lstm-gan/core';
import { defaultCacheDir, loadNativeArithmetic, locateTensorFlow } from '@lstm-gan/engine';
import { createLog, createRunConfig, createTrainingState } from '@lstm-gan/run';
import { createCoordinatorLink, createKeyPair, writeKeyFile, type Exchange } from '@lstm-gan/transport';
import { createBlankReader } from '../create-blank-reader.ts';

const warmUpSteps = 3;
const steps = 8;
const shardSize = 16;

const [bind, workers, exchange, keyFile] = process.argv.slice(2);
const provisioned = await locateTensorFlow(defaultCacheDir(process.env, os.homedir()), 'cpu');
if (provisioned === undefined) throw new Error('TensorFlow is not set up; run: npm run bench');
const arithmetic = loadNativeArithmetic(provisioned, 1);
const [server, worker] = [createKeyPair(), createKeyPair()];
await writeKeyFile(keyFile, { ...worker, serverKey: server.publicKey });
const link = await createCoordinatorLink({
  bind,
  keys: server,
  isAuthorized: (key) => key === worker.publicKey,
  memory: arithmetic,
});
process.stdout.write(`listening ${link.address}\n`);
const config = createRunConfig(presets.get('rows-large') as Preset, {
  batchSize: shardSize * Number(workers),
  shardSize,
});
const measured: number[] = [];
await startCoordinator({
  config,
  link,
  arithmetic,
  run: 'bench',
  incarnation: 1,
  steps: warmUpSteps + steps,
  exchange: exchange as Exchange,
  initial: createTrainingState(config),
  readShards: createBlankReader(config),
  log: createLog(process.stderr.fd),
  now: () => performance.now(),
  signal: new AbortController().signal,
  onCommit({ step, stepMs }) {
    if (step > warmUpSteps) measured.push(stepMs);
    return false;
  },
});
process.stdout.write(`${JSON.stringify(measured)}\n`);
