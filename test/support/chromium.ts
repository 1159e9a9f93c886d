/**
 * A Chromium for tests: the one that CHROMIUM_PATH names, else this machine's, else the one that the npm package
 * @sparticuz/chromium carries, with the libraries that it needs, unpacked once into the cache. Nothing is downloaded.
 */
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { chromium, type Browser } from 'playwright-core';
import { extract } from 'tar';

type Environment = Readonly<Record<string, string | undefined>>;

const usualPlaces = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** WebGL without a GPU; root has no sandbox. */
const flags = ['--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--no-sandbox'];

/** Starts a headless Chromium whose WebGL is computed by SwiftShader; where none starts, says so in a sentence. */
export async function launchChromium(environment: Environment = process.env): Promise<Browser> {
  let program = environment['CHROMIUM_PATH'] ?? usualPlaces.find((place) => existsSync(place));
  try {
    const env = { ...environment };
    if (program === undefined) {
      const folder = await unpackChromium(environment);
      program = path.join(folder, 'chromium');
      Object.assign(env, { LD_LIBRARY_PATH: path.join(folder, 'lib'), FONTCONFIG_FILE: path.join(folder, 'fonts.conf') });
    }
    return await chromium.launch({ executablePath: program, args: flags, env: env as Record<string, string> });
  } catch (cause) {
    const reason = (cause as Error).message.split('\n')[0];
    throw new Error(
      `The browser tests need a Chromium, and ${program ?? 'the one in @sparticuz/chromium'} does not start (${reason}); install one (Debian: apt-get install chromium) or name one in CHROMIUM_PATH.`,
      { cause },
    );
  }
}

/** The folder with the package's Chromium; complete, or not there. */
async function unpackChromium(environment: Environment): Promise<string> {
  const require = createRequire(import.meta.url);
  const source = path.resolve(require.resolve('@sparticuz/chromium'), '../../../bin');
  const { version } = JSON.parse(await readFile(path.join(source, '../package.json'), 'utf8')) as { version: string };
  const cacheDir = path.join(environment['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'lstm-gan');
  const folder = path.join(cacheDir, `chromium-${version}`);
  if (existsSync(folder)) return folder;
  await mkdir(cacheDir, { recursive: true });
  const scratch = await mkdtemp(`${folder}-`);
  const unpack = (file: string, target: NodeJS.WritableStream) =>
    pipeline(createReadStream(path.join(source, file)), createBrotliDecompress(), target);
  await unpack('chromium.br', createWriteStream(path.join(scratch, 'chromium'), { mode: 0o755 }));
  for (const file of ['al2023.tar.br', 'swiftshader.tar.br', 'fonts.tar.br']) await unpack(file, extract({ cwd: scratch }));
  const fonts = ['/usr/share/fonts', path.join(folder, 'fonts')].map((place) => `<dir>${place}</dir>`).join('');
  await writeFile(path.join(scratch, 'fonts.conf'), `<fontconfig>${fonts}<cachedir>${path.join(folder, 'fonts-cache')}</cachedir></fontconfig>`);
  await rename(scratch, folder).catch(async (error: unknown) => {
    await rm(scratch, { recursive: true });
    // Another process was quicker.
    if (!existsSync(folder)) throw error;
  });
  return folder;
}
