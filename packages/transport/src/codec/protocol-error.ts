/**
 * Thrown if the other end of a connection sent something that does not fit the protocol. The event that reports the end
 * of the connection contains the error's message. A listening link also sends the error's message to the other end.
 */
export class ProtocolError extends Error {
  constructor(sentence: string) {
    super(sentence);
    this.name = 'ProtocolError';
  }
}
