/** Thrown if what a peer sent does not fit the protocol. The peer is told the error's message. */
export class ProtocolError extends Error {
  constructor(sentence: string) {
    super(sentence);
    this.name = 'ProtocolError';
  }
}
