/**
 * The routing id of a flow names the connection that the flow belongs to. The name of a connection is random, and only
 * the two ends of the connection know it. So a process that has a key of the run still cannot add a flow to another
 * worker's connection.
 */
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { mostFlows } from '../../codec/flow-order.ts';

/** Routing ids for the flows of a new connection. */
export function createFlowIds(flowCount: number): string[] {
  const connection = `${flowCount} flows of ${randomBytes(16).toString('hex')}`;
  return Array.from({ length: flowCount }, (_, flow) => `${connection}: ${flow}`);
}

export interface FlowId {
  /** The name of the connection, the same for all its flows. */
  readonly connection: string;
  readonly flow: number;
  readonly flowCount: number;
}

/** Reads a routing id. An id of another form stands for a connection with one flow. */
export function readFlowId(routingId: Buffer): FlowId {
  const [, connection, count, flow] = /^((\d) flows of [0-9a-f]{32}): (\d)$/.exec(routingId.toString('latin1')) ?? [];
  const id = { connection, flow: Number(flow), flowCount: Number(count) };
  const isOurs = connection !== undefined && id.flow < id.flowCount && id.flowCount <= mostFlows;
  return isOurs ? id : { connection: routingId.toString('hex'), flow: 0, flowCount: 1 };
}

/**
 * The default number of flows of a connection, and of I/O threads of a listening socket (which has at least two): half
 * of the processors, from 1 to 4. A thread encrypts some 0.7 GB/s, so four threads come near a network of 25 Gbit/s.
 * With two processors there is one flow, because both processors compute.
 */
export function defaultFlowCount(processors = availableParallelism()): number {
  return Math.max(1, Math.min(4, processors >> 1));
}
