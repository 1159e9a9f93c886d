/** Errors about data that are no folder of images: what is there instead, and how to make a folder of it. */
import { stat } from 'node:fs/promises';
import { UserError } from '@lstm-gan/core/errors';

/** How to make a folder of each kind of file, by the endings of its name. */
const remedies: readonly (readonly [endings: RegExp, advice: string])[] = [
  [/\.(zip|7z|rar)$/i, 'Unpack it (unzip FILE -d FOLDER), then give --data FOLDER.'],
  [/\.(tar|tgz|tar\.\w+|tbz2?|txz)$/i, 'Unpack it (mkdir FOLDER && tar xf FILE -C FOLDER), then give --data FOLDER.'],
  [
    /\.(npz|npy|pt|pth|pkl|pickle|mat|h5|hdf5|tfrecords?|parquet|arrow|lmdb|mdb|bin|gz)$/i,
    'Write its images into a folder, as PNG files, then give --data FOLDER.',
  ],
  [/\.(csv|tsv|json|jsonl|txt|ya?ml)$/i, 'Give the folder that has the images; lists of images are not read.'],
  [
    /\.(mp4|mov|avi|mkv|webm)$/i,
    'Write its frames into a folder (ffmpeg -i FILE FOLDER/%06d.png), then give --data FOLDER.',
  ],
];

/** Returns what to do with a file in place of a folder of images. */
export function adviceForFile(file: string): string {
  const found = remedies.find(([endings]) => endings.test(file));
  return found?.[1] ?? 'Give the folder that has the images.';
}

/** Returns the error for a path that is no folder. */
export async function noFolder(name: string): Promise<UserError> {
  if (/^[a-z][a-z\d+.-]+:\/\//i.test(name)) {
    return refuse(`${name} is an address; images are read from a folder.`, 'Download the images into a folder first.');
  }
  const problem = await stat(name).then(
    () => 'is-file',
    (error: NodeJS.ErrnoException) => error.code,
  );
  if (problem === 'is-file') return refuse(`${name} is a file; images are read from a folder.`, adviceForFile(name));
  if (problem === 'ENOTDIR') return refuse(`${name} lies below a file.`, 'Check the path after --data.');
  const advice = name.startsWith('~')
    ? 'Only a shell replaces ~, and only outside of quotes: write the whole path.'
    : 'Check the path after --data.';
  return refuse(`There is no folder ${name}.`, advice);
}

function refuse(message: string, advice: string): UserError {
  return new UserError({ code: 'data-not-found', message, advice });
}
