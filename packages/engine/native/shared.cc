// Blocks as JavaScript lends and borrows them.
#include "addon.h"
#include "blocks.h"

namespace lstm_gan {
namespace {

bool GetSize(napi_env env, napi_value value, size_t* size) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok || !(number >= 1 && number <= 1e11)) return false;
  *size = static_cast<size_t>(number);
  return true;
}

// allocateShared(byteLength): ArrayBuffer | undefined
napi_value AllocateShared(napi_env env, napi_callback_info info) {
  size_t count = 1, size = 0;
  napi_value argument, nothing;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  napi_get_undefined(env, &nothing);
  if (count != 1 || !GetSize(env, argument, &size)) return Throw(env, "ERR_ARGUMENT", "allocateShared takes a number of bytes");
  Block* block = TakeBlock(WholePages(size));
  if (block == nullptr) return nothing;
  return LendBuffer(env, block->data, size, [block] { DropBlock(block); });
}

// The block that an array is all of; null where it lies elsewhere.
Block* BlockOf(const Bytes& bytes) {
  Block* block = FindBlock(bytes.data);
  return block != nullptr && WholePages(bytes.size) == block->size ? block : nullptr;
}

// isShared(array): boolean
napi_value IsShared(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument, result;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  Bytes bytes;
  if (count != 1 || !GetBytes(env, argument, &bytes)) return Throw(env, "ERR_ARGUMENT", "isShared takes an array");
  napi_get_boolean(env, BlockOf(bytes) != nullptr, &result);
  return result;
}

// lend(array): [fd, name] | undefined
napi_value Lend(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument, result, fd, name;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  Bytes bytes;
  if (count != 1 || !GetBytes(env, argument, &bytes)) return Throw(env, "ERR_ARGUMENT", "lend takes an array");
  Block* block = BlockOf(bytes);
  if (block == nullptr) {
    napi_get_undefined(env, &result);
    return result;
  }
  HoldBlock(block);
  napi_create_array_with_length(env, 2, &result);
  napi_create_int32(env, block->fd, &fd);
  napi_create_string_utf8(env, block->name.c_str(), block->name.size(), &name);
  napi_set_element(env, result, 0, fd);
  napi_set_element(env, result, 1, name);
  return result;
}

// takeBack(name, reusable): a peer needs a block no more, or is gone with it
napi_value TakeBack(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2];
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  std::string name;
  bool reusable = false;
  if (count != 2 || !GetString(env, arguments[0], &name) || napi_get_value_bool(env, arguments[1], &reusable) != napi_ok) {
    return Throw(env, "ERR_ARGUMENT", "takeBack takes the name of a block, and whether it may be used again");
  }
  Block* block = FindBlock(name);
  if (block == nullptr) return Throw(env, "ERR_ARGUMENT", "nobody was lent the block " + name);
  DropBlock(block, reusable);
  return nullptr;
}

// attach(pid, fd, name, byteLength): ArrayBuffer, which nobody can write
napi_value Attach(napi_env env, napi_callback_info info) {
  size_t count = 4, size = 0;
  napi_value arguments[4];
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  uint32_t pid = 0, fd = 0;
  std::string name;
  if (count != 4 || !GetUint32(env, arguments[0], &pid) || !GetUint32(env, arguments[1], &fd) || !GetString(env, arguments[2], &name) ||
      !GetSize(env, arguments[3], &size)) {
    return Throw(env, "ERR_ARGUMENT", "attach takes a process, a file descriptor, a name and a number of bytes");
  }
  std::string error;
  Mapping* mapping = HoldMapping(pid, fd, name, WholePages(size), &error);
  if (mapping == nullptr) return Throw(env, "ERR_BLOCK", error);
  napi_value buffer = LendBuffer(env, mapping->data, size, [mapping] { DropMapping(mapping); });
  return buffer == nullptr ? Throw(env, "ERR_MEMORY", "no memory for an array") : buffer;
}

// forget(pid): the blocks of a peer that is gone, as soon as nobody holds an array of them
napi_value Forget(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  uint32_t pid = 0;
  if (count != 1 || !GetUint32(env, argument, &pid)) return Throw(env, "ERR_ARGUMENT", "forget takes a process");
  ForgetMappings(pid);
  return nullptr;
}

}  // namespace

void DefineShared(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      Function("allocateShared", AllocateShared), Function("attach", Attach), Function("forget", Forget),
      Function("isShared", IsShared),             Function("lend", Lend),     Function("takeBack", TakeBack),
  };
  napi_define_properties(env, exports, sizeof(functions) / sizeof(functions[0]), functions);
}

}  // namespace lstm_gan
