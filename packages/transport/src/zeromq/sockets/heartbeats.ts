/**
 * Heartbeats are sent and watched by libzmq's own threads. So a process whose JavaScript is busy is never taken for
 * dead, and a process that was stopped or cut off usually is. Only the connecting end sends heartbeats. Each of them
 * says how long the listening end waits for the next one before it gives up the connection.
 *
 * The listening end must not send heartbeats: libzmq 4.3.5 aborts the process if a heartbeat is due on a connection
 * whose other end is gone and whose input was stopped (`Assertion failed: !_io_error`, stream_engine_base.cpp,
 * out_event). Input is stopped while a socket that still has something to send is being closed, and when the other end
 * has filled its queue.
 *
 * A received message makes libzmq stop waiting for a heartbeat; the next heartbeat makes it wait again. If a process is
 * stopped after a message and before its next heartbeat, only the link's method `watch` notices the stop.
 */

/**
 * Options of a socket that connects.
 *
 * @param deadLineMs after this time of silence, either end closes the connection; it must be longer than the time that
 * a frame of an array takes on a slow network
 */
export function heartbeatOptions(deadLineMs: number) {
  return {
    heartbeatInterval: Math.ceil(deadLineMs / 8),
    heartbeatTimeToLive: deadLineMs,
    heartbeatTimeout: deadLineMs,
  };
}
