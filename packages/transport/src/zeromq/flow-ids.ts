/**
 * Who is who among flows: a flow tells at its connection, by its routing id, which line it belongs to. The line's part is random and known
 * to its two ends alone, so nobody else who has a key can join it.
 */
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { mostFlows } from '../codec/flows.ts';

/** Routing ids for the flows of a new line. */
export function createFlowIds(flowCount: number): string[] {
  const line = `${flowCount} flows of ${randomBytes(16).toString('hex')}`;
  return Array.from({ length: flowCount }, (_, flow) => `${line}: ${flow}`);
}

export interface FlowId {
  /** The same for all flows of a line. */
  readonly line: string;
  readonly flow: number;
  readonly flowCount: number;
}

/** Any other routing id is a line of one flow. */
export function readFlowId(routingId: Buffer): FlowId {
  const [, line, count, flow] = /^((\d) flows of [0-9a-f]{32}): (\d)$/.exec(routingId.toString('latin1')) ?? [];
  const id = { line, flow: Number(flow), flowCount: Number(count) };
  const isOurs = line !== undefined && id.flow < id.flowCount && id.flowCount <= mostFlows;
  return isOurs ? id : { line: routingId.toString('hex'), flow: 0, flowCount: 1 };
}

/**
 * How many flows a line has, and threads a listening socket, unless told: a thread encrypts some 0.7 GB/s, so half of the processors, up to
 * four, come near a network of 25 Gbit/s; with two processors, which compute, one.
 */
export function defaultFlowCount(processors = availableParallelism()): number {
  return Math.max(1, Math.min(4, processors >> 1));
}
