/**
 * A session that looks like one with a GPU, for machines without a GPU. A second CPU device stands for the GPU: graphs
 * for a GPU run on it, with the configuration for a GPU, and feeds and fetches are copied between the two devices. This
 * session cannot show errors of CUDA.
 */
import { concatBytes, messageField, textField, varintField } from '../tensorflow/wire-format.ts';
import type { Provisioned } from '../tensorflow/provision/provision.ts';
import { loadAddon } from '../tensorflow/runtime/addon.ts';
import { configProto } from '../tensorflow/runtime/config-proto.ts';
import { createSession, type Session } from '../tensorflow/runtime/session.ts';

const standIn = '/device:CPU:1';

export function openEmulatedGpu(provisioned: Provisioned, threads: number): Session {
  // Field 1 of ConfigProto is device_count, a map from a kind of device to the number of devices of this kind.
  const twoDevices = messageField(1, concatBytes([textField(1, 'CPU'), varintField(2, 2)]));
  const session = createSession(loadAddon(provisioned), concatBytes([twoDevices, configProto(threads, 'gpu')]));
  return {
    ...session,
    load: (graphDef) => session.load(onDevice(graphDef)),
    devices: () => session.devices().map(({ name }) => ({ name, type: name.endsWith(standIn) ? 'GPU' : 'CPU' })),
  };
}

/**
 * The GraphDef with the device written into each node. The field numbers are: in a GraphDef, node 1 and versions 4; in
 * a node, device 4.
 */
function onDevice(graphDef: Uint8Array): Uint8Array {
  const fields: Uint8Array[] = [];
  for (let at = 0; at < graphDef.length;) {
    const field = graphDef[at] >> 3;
    const { value: length, end } = readVarint(graphDef, at + 1);
    const content = graphDef.subarray(end, end + length);
    fields.push(messageField(field, field === 1 ? concatBytes([content, textField(4, standIn)]) : content));
    at = end + length;
  }
  return concatBytes(fields);
}

function readVarint(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  for (let at = start, shift = 0; ; at++, shift += 7) {
    value += (bytes[at] & 127) * 2 ** shift;
    if (bytes[at] < 128) return { value, end: at + 1 };
  }
}
