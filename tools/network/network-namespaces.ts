/**
 * Plays several machines on one: network namespaces with addresses of their own, each joined to a hub by a virtual
 * cable.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

interface Machine {
  readonly address: string;
  /** The words to put in front of a command so that it runs on this machine. */
  readonly enter: readonly string[];
}

/** A machine at the other end of a cable. */
export interface CabledMachine extends Machine {
  /** Plugs the machine's cable in, or pulls it out. */
  plug(isIn: boolean): Promise<void>;
  /** Sets whether the machine reaches only the hub and no other machine. */
  part(isApart: boolean): Promise<void>;
}

export interface Network {
  /** The machine that all cables lead to. */
  readonly hub: Machine;
  readonly machines: readonly CabledMachine[];
  remove(): Promise<void>;
}

export interface NetworkOptions {
  readonly machines: number;
  /** Rate of each cable in both directions, as `tc` writes it, such as `200mbit`. */
  readonly rate?: string;
  /**
   * Bytes that may go at once before the rate applies. With small bursts, `tc`'s many interrupts slow this machine
   * down.
   */
  readonly burst?: string;
}

/** Makes the namespaces and cables. Resolves to undefined if this process may not make namespaces. */
export async function createNetwork({
  machines: count,
  rate,
  burst = '64kb',
}: NetworkOptions): Promise<Network | undefined> {
  await removeLeftOver();
  const prefix = `lg${process.pid}`;
  const hub = `${prefix}h`;
  const isAllowed = await run('ip', ['netns', 'add', hub]).then(
    () => true,
    () => false,
  );
  if (!isAllowed) return undefined;
  const ip = (...parameters: string[]) => run('ip', parameters);
  const limit = (namespace: string, device: string) =>
    run('ip', [
      'netns',
      'exec',
      namespace,
      'tc',
      'qdisc',
      'add',
      'dev',
      device,
      'root',
      'tbf',
      'rate',
      rate ?? '',
      'burst',
      burst,
      'latency',
      '400ms',
    ]);
  const names = [hub];
  await ip('-n', hub, 'link', 'add', 'br0', 'type', 'bridge');
  await ip('-n', hub, 'addr', 'add', '10.77.0.1/24', 'dev', 'br0');
  for (const device of ['lo', 'br0']) await ip('-n', hub, 'link', 'set', device, 'up');
  for (let k = 0; k < count; k++) {
    const name = `${prefix}m${k}`;
    const plug = `p${k}`;
    await ip('netns', 'add', name);
    names.push(name);
    await ip('-n', hub, 'link', 'add', plug, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    await ip('-n', hub, 'link', 'set', plug, 'master', 'br0', 'up');
    await ip('-n', name, 'addr', 'add', `10.77.0.${10 + k}/24`, 'dev', 'eth0');
    for (const device of ['lo', 'eth0']) await ip('-n', name, 'link', 'set', device, 'up');
    if (rate !== undefined) {
      await limit(hub, plug);
      await limit(name, 'eth0');
    }
  }
  const addresses = names.slice(1).map((_, k) => `10.77.0.${10 + k}`);
  /** Ignores errors: a fault may end after the network was removed. */
  const lenient = (...parameters: string[]): Promise<void> =>
    ip(...parameters).then(
      () => undefined,
      () => undefined,
    );
  const machines = addresses.map((address, k): CabledMachine => {
    const name = names[k + 1];
    const others = addresses.filter((other) => other !== address);
    return {
      address,
      enter: ['ip', 'netns', 'exec', name],
      plug: (isIn) => lenient('-n', hub, 'link', 'set', `p${k}`, isIn ? 'up' : 'down'),
      async part(isApart) {
        for (const other of others)
          await lenient('-n', name, 'route', isApart ? 'replace' : 'del', 'blackhole', `${other}/32`);
      },
    };
  });
  return {
    hub: { address: '10.77.0.1', enter: ['ip', 'netns', 'exec', hub] },
    machines,
    async remove() {
      for (const name of names) await run('ip', ['netns', 'del', name]).catch(() => undefined);
    },
  };
}

/** Removes the namespaces of processes that were killed before they could remove them. */
async function removeLeftOver(): Promise<void> {
  const { stdout } = await run('ip', ['netns', 'list']).catch(() => ({ stdout: '' }));
  for (const [name, creator] of stdout.matchAll(/^lg(\d+)(?:h|m\d+)\b/gm))
    if (!existsSync(`/proc/${creator}`)) await run('ip', ['netns', 'del', name]).catch(() => undefined);
}
