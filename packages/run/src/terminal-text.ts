/** Text that is safe to print on a terminal, and to type again. Names of files can hold anything. */

/** Escapes control characters, which could change what the terminal shows. */
export function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, escaped);
}

/** A word for a POSIX shell; quoted if it has characters that the shell would change. */
export function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  if (!/\p{C}/u.test(text)) return `'${text.replaceAll("'", "'\\''")}'`;
  return `$'${text.replaceAll(/[\\']/g, '\\$&').replaceAll(/\p{C}/gu, escaped)}'`;
}

function escaped(character: string): string {
  const code = character.codePointAt(0) as number;
  // In a shell, \xNN is a byte; the characters after these 128 have two bytes and more.
  return code < 0x80 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
}
