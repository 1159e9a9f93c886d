/** What a peer sent does not fit the protocol; the message is the sentence that it is told. */
export class ProtocolError extends Error {
  constructor(sentence: string) {
    super(sentence);
    this.name = 'ProtocolError';
  }
}
