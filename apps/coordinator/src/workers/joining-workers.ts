/** Workers that are started elsewhere and join with a key of the run. */
import { hostname, networkInterfaces } from 'node:os';
import path from 'node:path';
import { UserError } from '@lstm-gan/core/errors';
import { shellWord, type Logger } from '@lstm-gan/run';
import { createCoordinatorLink, openRunKeys, type KeyedLink, type RunKeys } from '@lstm-gan/transport';
import { chooseExchange, type ExchangeChoice } from './choose-exchange.ts';
import type { GatherWorkers } from './run-workers.ts';

/** Listens at an address for workers, which may join and leave at any time. */
export function joiningWorkers(address: string, exchange: ExchangeChoice): GatherWorkers {
  const bind = bindAddress(address);
  return async ({ root, log, arithmetic, limits, modelFile }) => {
    const { server, workerKeyFile, isAuthorized, takeRevoked } = await openRunKeys(path.join(root, 'keys'));
    const link = await createCoordinatorLink({ bind, keys: server, isAuthorized, memory: arithmetic, limits });
    const keyFile =
      workerKeyFile === undefined
        ? 'FILE   # all keys are revoked: lstm-gan keys makes new ones'
        : shellWord(path.resolve(workerKeyFile));
    const model = modelFile === undefined ? '' : ` --model ${shellWord(modelFile)}`;
    const command = `npx lstm-gan worker --connect ${reachableAddress(link.address)} --key-file ${keyFile}${model}`;
    const files = modelFile === undefined ? 'a copy of the key file' : 'copies of the key file and of the model file';
    log.info(`Listening at ${link.address}. ${whereToStart(link.address)}, with ${files}:\n  ${command}`);
    if (isLoopback(link.address) && hasName(bind)) log.warn(loopbackWarning(bind, link.address));
    const stopLooking = dropWhenRevoked(link, takeRevoked, log);
    return {
      link,
      exchange: chooseExchange(exchange, link.address),
      gone: new AbortController().signal,
      expectEnd: () => undefined,
      ended: async () => stopLooking(),
    };
  };
}

const revocationMs = 1000;

/**
 * Looks for revoked keys every second. If a key was revoked, ends the connections of the workers that have it. Returns a
 * function that ends this watch.
 */
function dropWhenRevoked(link: KeyedLink, takeRevoked: RunKeys['takeRevoked'], log: Logger): () => void {
  const timer = setInterval(() => {
    try {
      const revoked = takeRevoked();
      link.dropKeys((publicKey) => revoked.has(publicKey));
    } catch (error) {
      // If the folder of the keys cannot be read for a moment, no key counts as revoked.
      log.warn(`The keys of the run cannot be read: ${(error as Error).message}`);
    }
  }, revocationMs);
  return () => clearInterval(timer);
}

/** Reads `HOST:PORT` or `tcp://HOST:PORT` as an address that ZeroMQ binds to. */
function bindAddress(text: string): string {
  const address = text.includes('://') ? text : `tcp://${text}`;
  if (/^tcp:\/\/([\w.*-]+|\[[\da-f:.]+(%\w+)?\]):(\d{1,5}|\*)$/i.test(address)) return address;
  throw new UserError({
    code: 'usage',
    message: `A coordinator binds to HOST:PORT; got ${text}.`,
    advice:
      'For example --bind 127.0.0.1:5577, or --bind 0.0.0.0:5577 for every network of this machine ([::]:5577 with IPv6).',
  });
}

/** Whether an address is one that only this machine reaches. */
function isLoopback(address: string): boolean {
  return /^tcp:\/\/(127\.|\[::1\])/.test(address);
}

function whereToStart(address: string): string {
  return isLoopback(address) ? 'On this machine' : 'On every machine that is to compute';
}

const hasName = (bind: string): boolean => !/^tcp:\/\/(127\.|\[)/.test(bind);

function loopbackWarning(bind: string, address: string): string {
  const name = bind.replace(/^tcp:\/\/(.*):.*$/, '$1');
  return `${name} is an address of this machine alone (${address}; /etc/hosts may say so), so no other machine can join. Use --bind 0.0.0.0:PORT, or one of the addresses that ip addr shows.`;
}

/**
 * Returns the address that workers on other machines connect to. For `0.0.0.0` and `[::]`, that is the first address of
 * this machine that other machines can reach.
 */
function reachableAddress(address: string): string {
  const [, all] = /^tcp:\/\/(0\.0\.0\.0|\[::\]):/.exec(address) ?? [];
  if (all === undefined) return address;
  const outside = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, address: own }) => !internal && !own.startsWith('fe80:'));
  const ipv4 = outside.find(({ family }) => family === 'IPv4')?.address;
  // A socket of all IPv6 addresses takes connections over IPv4 too.
  const ipv6 = all === '[::]' ? outside.find(({ family }) => family === 'IPv6')?.address : undefined;
  return address.replace(all, ipv4 ?? (ipv6 && `[${ipv6}]`) ?? hostname());
}
