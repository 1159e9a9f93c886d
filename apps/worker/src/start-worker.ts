/**
 * A worker's conversation with the coordinator: it says hello, prepares the run that the coordinator describes, and
 * answers messages until the coordinator finishes the run. What the worker does for a lease is in compute-phase.ts.
 * test/integration and test/e2e test what this file promises: they run whole workers, with faults and refusals.
 */
import { UserError } from '@lstm-gan/core/errors';
import {
  protocolVersion,
  type CoordinatorMessage,
  type Reject,
  type Weights,
  type WorkerLinkEvent,
} from '@lstm-gan/transport';
import { computePhase } from './compute-phase.ts';
import { prepareRun, type PreparedRun } from './prepare-run.ts';
import type { WorkerOptions } from './worker-options.ts';

/**
 * Works for a coordinator until the run is over or the worker has left. Returns whether the run has reached its end:
 * false if the worker has left, or if the coordinator was stopped before. Throws a UserError if the coordinator refuses
 * the worker or is gone.
 */
export async function startWorker(options: WorkerOptions): Promise<boolean> {
  const { link, name, modelSource, signal, log } = options;
  let run: PreparedRun | undefined;
  const leave = (): void => {
    // The coordinator answers `leave` with `finish`. In the star it sends `finish` after the current lease; in the
    // sliced exchange, when other workers have the slices of this worker.
    if (run === undefined) void link.close();
    else link.send({ kind: 'leave', ...run.header });
  };
  signal.addEventListener('abort', leave, { once: true });
  try {
    const model = modelSource === undefined ? {} : { model: modelSource };
    link.send({ kind: 'hello', protocol: protocolVersion, worker: name, ...model });
    for await (const event of link.events()) {
      if (event.kind === 'closed') {
        if (signal.aborted) return false;
        throw closedError(event);
      }
      const { message } = event;
      if (message.kind === 'finish') {
        log.info(farewellText(message.complete, signal.aborted));
        return message.complete;
      }
      if (message.kind === 'reject') throw rejectedError(message);
      if (message.kind === 'welcome') {
        run = await prepareRun(message, options);
        options.onReady?.();
      } else if (run === undefined) throw new Error(`Bug: the coordinator sent ${message.kind} before it said welcome`);
      else await answer(message, run);
    }
    return false;
  } finally {
    signal.removeEventListener('abort', leave);
    // The link is closed after an error, too. An open link would keep the process alive, and the coordinator would go
    // on waiting for this worker.
    await link.close();
    await run?.exchange.close();
    await run?.engine.close();
    log.debug({ worker: name }, 'worker stopped');
  }
}

function farewellText(isComplete: boolean, hasAsked: boolean): string {
  if (isComplete) return 'The run is finished.';
  return hasAsked ? 'Left.' : 'The coordinator has stopped before the end of the run.';
}

/** Answers a message of the coordinator in the middle of a run. */
async function answer(
  message: Exclude<CoordinatorMessage, { kind: 'welcome' | 'finish' | 'reject' }>,
  run: PreparedRun,
): Promise<void> {
  switch (message.kind) {
    case 'weights':
      return replaceWeights(message, run);
    case 'work':
      return computePhase(run, message);
    case 'crew':
    case 'seed':
    case 'begin':
    case 'gather':
      return run.exchange.receive(message);
    default:
      return message satisfies never;
  }
}

async function replaceWeights({ network, version, values }: Weights, run: PreparedRun): Promise<void> {
  await run.releaseWeights(network);
  run.weights[network] = { version, values };
  run.exchange.weightsArrived();
}

function closedError({ refused, sentence }: Extract<WorkerLinkEvent, { kind: 'closed' }>): UserError {
  if (refused === true)
    return new UserError({
      code: 'refused',
      message: sentence,
      advice:
        'Give a key file of this run: its coordinator names one when it starts, and lstm-gan keys RUN lists all that are valid.',
    });
  return new UserError({
    code: 'coordinator-gone',
    message: sentence,
    advice: 'Start the coordinator again, then this worker.',
  });
}

function rejectedError({ reason, sentence }: Reject): UserError {
  return new UserError({
    code: `rejected-${reason}`,
    message: `The coordinator refused this worker: ${sentence}`,
    advice: 'Mend that, then start it again.',
  });
}
