import { UserError } from '@lstm-gan/core/errors';

/**
 * Fetches the file that `?checkpoint=` in the page's address names. Only files of the page's own site are allowed, so
 * that a link to the page cannot make it load a file of another site.
 */
export async function fetchCheckpoint(address: string, page: string): Promise<Uint8Array> {
  const url = new URL(address, page);
  if (url.origin !== new URL(page).origin) {
    throw new UserError({
      code: 'other-site',
      message: `The checkpoint lies on ${url.origin}; this page loads from its own site alone.`,
      advice: 'Download the file and drop it here.',
    });
  }
  const response = await fetch(url).catch((cause: unknown) => {
    throw new UserError({
      code: 'not-reached',
      message: `${url.pathname} could not be fetched.`,
      advice: 'Check the connection, then reload.',
      cause,
    });
  });
  if (!response.ok) {
    throw new UserError({
      code: 'not-found',
      message: `${url.pathname} could not be fetched: the server answered ${response.status}.`,
      advice: 'Check the address after ?checkpoint=, or drop the file here.',
    });
  }
  return new Uint8Array(await response.arrayBuffer());
}
