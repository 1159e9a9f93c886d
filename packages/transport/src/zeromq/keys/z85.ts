const alphabet = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#';

/** Encodes bytes as Z85 (ZeroMQ RFC 32). The length must be a multiple of 4. */
export function encodeZ85(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text = '';
  for (let offset = 0; offset + 4 <= bytes.byteLength; offset += 4) {
    let value = view.getUint32(offset);
    let group = '';
    for (let k = 0; k < 5; k++) {
      group = alphabet[value % 85] + group;
      value = Math.floor(value / 85);
    }
    text += group;
  }
  return text;
}

/** Decodes Z85. The text must have been checked: its length is a multiple of 5, and its characters are Z85's. */
export function decodeZ85(text: string): Uint8Array {
  const bytes = new Uint8Array((text.length / 5) * 4);
  const view = new DataView(bytes.buffer);
  for (let group = 0; group < text.length / 5; group++) {
    let value = 0;
    for (const character of text.slice(5 * group, 5 * group + 5)) value = value * 85 + alphabet.indexOf(character);
    // A group of five characters can stand for more than 32 bits; the bits above are cut off.
    view.setUint32(4 * group, value);
  }
  return bytes;
}
