/**
 * Heartbeats, sent and watched by libzmq's own threads: a process whose JavaScript is busy is never taken for dead, and
 * a process that was stopped or cut off usually is. Only the connecting end sends them, and says with each how long the
 * listening end may wait for the next one.
 *
 * The listening end must not send any: libzmq 4.3.5 aborts the process if a heartbeat is due on a connection whose
 * other end is gone and whose input was stopped (`Assertion failed: !_io_error`, stream_engine_base.cpp, out_event).
 * Input is stopped while a socket is closed that has something unsent, and when the other end fills its queue.
 *
 * libzmq also stops waiting with every message that comes, until the next heartbeat. A process that is stopped just
 * then is found only by `watch` of the link.
 */

/**
 * Options of a socket that connects.
 *
 * @param deadLineMs after how much silence either end closes the connection; on a slow network frames of arrays take
 * time
 */
export function heartbeatOptions(deadLineMs: number) {
  return {
    heartbeatInterval: Math.ceil(deadLineMs / 8),
    heartbeatTimeToLive: deadLineMs,
    heartbeatTimeout: deadLineMs,
  };
}
