/**
 * Finds a Chromium for tests: the one that CHROMIUM_PATH names, else this machine's, else the one in the npm package
 * @sparticuz/chromium. The package's Chromium is unpacked once into the cache, with the libraries that it needs.
 * Nothing is downloaded.
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

const carried = '@sparticuz/chromium';
const usualPlaces = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** SwiftShader computes WebGL without a GPU. Chromium's sandbox does not work for root. */
const flags = ['--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--no-sandbox'];

/** Starts a headless Chromium whose WebGL is computed by SwiftShader. If none starts, throws with advice. */
export async function launchChromium(environment: Environment = process.env): Promise<Browser> {
  const named = environment['CHROMIUM_PATH'];
  const candidates = named === undefined ? [...usualPlaces.filter((place) => existsSync(place)), carried] : [named];
  const failures: string[] = [];
  for (const candidate of candidates) {
    try {
      return await launch(candidate, environment);
    } catch (error) {
      failures.push(`${candidate} does not start (${(error as Error).message.split('\n')[0]})`);
    }
  }
  throw new Error(
    `The browser tests need a Chromium, and ${failures.join(', ')}; install one (Debian: apt-get install chromium) or name one in CHROMIUM_PATH.`,
  );
}

async function launch(candidate: string, environment: Environment): Promise<Browser> {
  const folder = candidate === carried ? await unpackChromium(environment) : undefined;
  const libraries = folder && {
    LD_LIBRARY_PATH: path.join(folder, 'lib'),
    FONTCONFIG_FILE: path.join(folder, 'fonts.conf'),
  };
  return chromium.launch({
    executablePath: folder === undefined ? candidate : path.join(folder, 'chromium'),
    args: flags,
    env: { ...environment, ...libraries } as Record<string, string>,
  });
}

/**
 * Unpacks the package's Chromium if that is not done, and returns its folder. The folder is complete whenever it
 * exists.
 */
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
  for (const file of ['al2023.tar.br', 'swiftshader.tar.br', 'fonts.tar.br'])
    await unpack(file, extract({ cwd: scratch }));
  const fonts = ['/usr/share/fonts', path.join(folder, 'fonts')].map((place) => `<dir>${place}</dir>`).join('');
  await writeFile(
    path.join(scratch, 'fonts.conf'),
    `<fontconfig>${fonts}<cachedir>${path.join(folder, 'fonts-cache')}</cachedir></fontconfig>`,
  );
  await rename(scratch, folder).catch(async (error: unknown) => {
    await rm(scratch, { recursive: true });
    // If the folder exists, another process has unpacked Chromium meanwhile.
    if (!existsSync(folder)) throw error;
  });
  return folder;
}
