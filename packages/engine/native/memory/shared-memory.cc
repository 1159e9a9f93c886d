// The functions by which JavaScript lends blocks of this process and borrows blocks of others.
#include "addon.h"
#include "javascript/buffers.h"
#include "javascript/values.h"
#include "memory/blocks.h"
#include "memory/peer-blocks.h"

namespace lstm_gan {
namespace {

// allocateShared(byteLength): ArrayBuffer | undefined
napi_value AllocateShared(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  size_t size = 0;
  if (!GetSize(env, arguments[0], &size)) return Throw(env, "ERR_ARGUMENT", "allocateShared takes a number of bytes");
  Block* block = TakeBlock(RoundUpToPages(size));
  if (block == nullptr) return MakeUndefined(env);
  return MakeBuffer(env, block->data, size, [block] { DropBlock(block); });
}

// The block that an array fills; null for an array in other memory.
Block* BlockOf(const Bytes& bytes) {
  Block* block = FindBlock(bytes.data);
  return block != nullptr && RoundUpToPages(bytes.size) == block->size ? block : nullptr;
}

// isShared(array): boolean
napi_value IsShared(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  Bytes bytes;
  if (!GetBytes(env, arguments[0], &bytes)) return Throw(env, "ERR_ARGUMENT", "isShared takes an array");
  return MakeBoolean(env, BlockOf(bytes) != nullptr);
}

// lend(array): [fd, name] | undefined
napi_value Lend(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  napi_value fd, name;
  Bytes bytes;
  if (!GetBytes(env, arguments[0], &bytes)) return Throw(env, "ERR_ARGUMENT", "lend takes an array");
  Block* block = BlockOf(bytes);
  if (block == nullptr) return MakeUndefined(env);
  HoldBlock(block);
  napi_create_int32(env, block->fd, &fd);
  napi_create_string_utf8(env, block->name.c_str(), block->name.size(), &name);
  return MakePair(env, fd, name);
}

// takeBack(name, reusable)
napi_value TakeBack(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  std::string name;
  bool reusable = false;
  if (!GetString(env, arguments[0], &name) || napi_get_value_bool(env, arguments[1], &reusable) != napi_ok) {
    return Throw(env, "ERR_ARGUMENT", "takeBack takes the name of a block, and whether it may be used again");
  }
  Block* block = FindBlock(name);
  if (block == nullptr) return Throw(env, "ERR_ARGUMENT", "the block " + name + " was not lent");
  DropBlock(block, reusable);
  return nullptr;
}

// attach(pid, fd, name, byteLength): ArrayBuffer, which cannot be written
napi_value Attach(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info);
  uint32_t pid = 0, fd = 0;
  std::string name;
  size_t size = 0;
  if (!GetUint32(env, arguments[0], &pid) || !GetUint32(env, arguments[1], &fd) ||
      !GetString(env, arguments[2], &name) || !GetSize(env, arguments[3], &size)) {
    return Throw(env, "ERR_ARGUMENT", "attach takes a process, a file descriptor, a name and a number of bytes");
  }
  std::string error;
  PeerBlock* block = HoldPeerBlock(pid, fd, name, RoundUpToPages(size), &error);
  if (block == nullptr) return Throw(env, "ERR_BLOCK", error);
  napi_value buffer = MakeBuffer(env, block->data, size, [block] { DropPeerBlock(block); });
  return buffer == nullptr ? Throw(env, "ERR_MEMORY", "no memory for an array") : buffer;
}

// forget(pid)
napi_value Forget(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  uint32_t pid = 0;
  if (!GetUint32(env, arguments[0], &pid)) return Throw(env, "ERR_ARGUMENT", "forget takes a process");
  ForgetPeerBlocks(pid);
  return nullptr;
}

}  // namespace

void DefineSharedMemory(napi_env env, napi_value exports) {
  DefineFunctions(env, exports,
                  {
                      Function("allocateShared", AllocateShared),
                      Function("attach", Attach),
                      Function("forget", Forget),
                      Function("isShared", IsShared),
                      Function("lend", Lend),
                      Function("takeBack", TakeBack),
                  });
}

}  // namespace lstm_gan
