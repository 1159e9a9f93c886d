/**
 * Signs of life on a line, sent and watched by libzmq's own threads: a process whose JavaScript is busy is never taken for
 * dead, one that was stopped or cut off mostly is. Only the connecting end sends them, and tells with each how long the
 * listening end may wait for the next. The listening end must not: libzmq 4.3.5 aborts the process when the time for a
 * heartbeat comes on a line whose peer is gone and whose input was stopped, as it is while a socket is closed with something
 * unsent, or when a peer fills its queue (`Assertion failed: !_io_error`, stream_engine_base.cpp, out_event). And it stops
 * waiting with every message that comes, until the next sign of life: whoever stops just then is found by `watch` alone.
 */

/** Options of a socket that connects. @param deadLineMs how long either end may hear nothing; frames of arrays take their time on a slow line */
export function heartbeatsOf(deadLineMs: number) {
  return {
    heartbeatInterval: Math.ceil(deadLineMs / 8),
    heartbeatTimeToLive: deadLineMs,
    heartbeatTimeout: deadLineMs,
  };
}
