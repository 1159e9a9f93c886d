/**
 * A session that looks like one with a GPU, on a machine without: a second device of the processor stands for it. Graphs made for a GPU run
 * there, configured as for one, and what is fed and fetched is sent between the two devices. What it cannot show is CUDA.
 */
import { concatBytes, messageField, textField, varintField } from '../graph/wire-format.ts';
import type { Provisioned } from '../tensorflow/provision.ts';
import { configProto, createSession, loadAddon, type Session } from '../tensorflow/session.ts';

const standIn = '/device:CPU:1';

export function openEmulatedGpu(provisioned: Provisioned, threads: number): Session {
  // device_count 1 of ConfigProto, a map.
  const twoDevices = messageField(1, concatBytes([textField(1, 'CPU'), varintField(2, 2)]));
  const session = createSession(loadAddon(provisioned), concatBytes([twoDevices, configProto(threads, 'gpu')]));
  return {
    ...session,
    load: (graphDef) => session.load(onDevice(graphDef)),
    devices: () => session.devices().map(({ name }) => ({ name, type: name.endsWith(standIn) ? 'GPU' : 'CPU' })),
  };
}

/** A GraphDef (node 1, versions 4) with the device (4) written into each NodeDef. */
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
