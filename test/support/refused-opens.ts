/**
 * Lets the system refuse to open a file with an error that cannot be made here: a quota needs a kernel that has them,
 * and the limit of all open files is one for the whole machine. A library that is loaded before all others takes the
 * place of open(2) and refuses one file. The code, the message and what Node makes of them are the real ones.
 */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import { startProcess } from './processes.ts';

const source = `
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <sys/types.h>

using Open = int (*)(const char *, int, ...);

static int open_or_refuse(const char *name, const char *path, int flags, mode_t mode) {
  const char *refused = getenv("REFUSED_PATH");
  if (refused != nullptr && strstr(path, refused) != nullptr) {
    errno = atoi(getenv("REFUSED_ERRNO"));
    return -1;
  }
  return reinterpret_cast<Open>(dlsym(RTLD_NEXT, name))(path, flags, mode);
}

extern "C" int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  return open_or_refuse("open", path, flags, mode);
}

extern "C" int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  return open_or_refuse("open64", path, flags, mode);
}
`;

/** Compiles the library, and returns the variables for a process that may not open paths that contain `refused`. */
export async function compileRefusal(): Promise<
  (refused: string, code: keyof typeof constants.errno) => NodeJS.ProcessEnv
> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-refusal-'));
  const library = path.join(folder, 'refusal.so');
  await writeFile(path.join(folder, 'refusal.cc'), source);
  const compiler = process.env['CXX'] ?? 'c++';
  const compile = [compiler, '-shared', '-fPIC', '-o', library, path.join(folder, 'refusal.cc'), '-ldl'];
  await startProcess(compile, { reject: true });
  return (refused, code) => ({
    LD_PRELOAD: library,
    REFUSED_PATH: refused,
    REFUSED_ERRNO: String(constants.errno[code]),
  });
}
