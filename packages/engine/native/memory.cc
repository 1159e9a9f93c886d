// Memory for vectors: aligned, so that TensorFlow reads them where they lie, and used again, because having the kernel make
// new pages for 8 MB takes longer than Adam on them. Contents are what was there before.
#include <sys/mman.h>

#include <cstdlib>
#include <map>

#include "addon.h"

namespace lstm_gan {
namespace {

// Idle blocks by size. Touched on the JavaScript thread only: that is where arrays are made and finalized.
class Pool {
 public:
  void* Take(size_t size) {
    std::vector<void*>& idle = idle_[size];
    if (idle.empty()) return MakeBlock(size);
    void* block = idle.back();
    idle.pop_back();
    idle_bytes_ -= size;
    return block;
  }

  void Give(void* block, size_t size) {
    if (idle_bytes_ + size > kMaxIdleBytes) return std::free(block);
    idle_[size].push_back(block);
    idle_bytes_ += size;
  }

 private:
  // Large blocks in large pages: a kernel that walks six vectors at once otherwise looks up pages more than it computes.
  static void* MakeBlock(size_t size) {
    if (size < kLargePage) return std::aligned_alloc(kAlignment, size);
    void* block = std::aligned_alloc(kLargePage, (size + kLargePage - 1) & ~(kLargePage - 1));
    if (block != nullptr) madvise(block, size, MADV_HUGEPAGE);
    return block;
  }

  static constexpr size_t kLargePage = size_t{2} << 20;
  static constexpr size_t kMaxIdleBytes = size_t{256} << 20;
  std::map<size_t, std::vector<void*>> idle_;
  size_t idle_bytes_ = 0;
};

Pool& ThePool() {
  static Pool* pool = new Pool;  // never destroyed: finalizers may run when the process ends
  return *pool;
}

// allocate(byteLength): ArrayBuffer
napi_value Allocate(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  double length = -1;
  if (count != 1 || napi_get_value_double(env, argument, &length) != napi_ok || !(length >= 1 && length <= 1e11)) {
    return Throw(env, "ERR_ARGUMENT", "allocate takes a number of bytes");
  }
  const size_t size = (static_cast<size_t>(length) + kAlignment - 1) & ~(kAlignment - 1);
  void* block = ThePool().Take(size);
  if (block == nullptr) return Throw(env, "ERR_MEMORY", "no memory for " + std::to_string(size) + " bytes");
  napi_value buffer = LendBuffer(env, block, static_cast<size_t>(length), [block, size] { ThePool().Give(block, size); });
  return buffer == nullptr ? Throw(env, "ERR_MEMORY", "no memory for an array") : buffer;
}

// release(array): detaches it, so that its memory is free at once. Left to the garbage collector, a worker of digits
// collected three times a step, for a third of the processor's time.
napi_value Release(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument, buffer;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  bool is_typed_array = false;
  if (count != 1 || napi_is_typedarray(env, argument, &is_typed_array) != napi_ok || !is_typed_array ||
      napi_get_typedarray_info(env, argument, nullptr, nullptr, nullptr, &buffer, nullptr) != napi_ok) {
    return Throw(env, "ERR_ARGUMENT", "release takes a typed array");
  }
  ReleaseBuffer(env, buffer);
  return nullptr;
}

}  // namespace

void DefineMemory(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      Function("allocate", Allocate),
      Function("release", Release),
  };
  napi_define_properties(env, exports, sizeof(functions) / sizeof(functions[0]), functions);
}

}  // namespace lstm_gan
