// Memory for vectors of this process. The memory is aligned, so TensorFlow reads it without a copy. The memory is
// reused, because the operating system needs longer to allocate 8 MB than Adam needs to update 8 MB of weights. A new
// array is not cleared: it may have the contents of an earlier array.
#include <sys/mman.h>

#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "addon.h"
#include "javascript/buffers.h"
#include "javascript/values.h"
#include "memory/alignment.h"

namespace lstm_gan {
namespace {

// The pieces of memory that no array uses, by size. Used on the JavaScript thread only, where arrays are made and
// finalized.
class Pool {
 public:
  void* Take(size_t size) {
    std::vector<void*>& idle = idle_[size];
    if (idle.empty()) return Allocate(size);
    void* piece = idle.back();
    idle.pop_back();
    idle_bytes_ -= size;
    return piece;
  }

  void GiveBack(void* piece, size_t size) {
    if (idle_bytes_ + size > kMaxIdleBytes) return std::free(piece);
    idle_[size].push_back(piece);
    idle_bytes_ += size;
  }

 private:
  // Large pieces use large pages. Otherwise Adam, which reads and writes six vectors at once, spends more time on
  // looking up pages than on computing.
  static void* Allocate(size_t size) {
    if (size < kLargePage) return std::aligned_alloc(kAlignment, size);
    void* piece = std::aligned_alloc(kLargePage, (size + kLargePage - 1) & ~(kLargePage - 1));
    if (piece != nullptr) madvise(piece, size, MADV_HUGEPAGE);
    return piece;
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
  const Arguments<1> arguments(env, info);
  size_t length = 0;
  if (!GetSize(env, arguments[0], &length)) return Throw(env, "ERR_ARGUMENT", "allocate takes a number of bytes");
  const size_t size = RoundUpToAlignment(length);
  void* piece = ThePool().Take(size);
  if (piece == nullptr) return Throw(env, "ERR_MEMORY", "no memory for " + std::to_string(size) + " bytes");
  napi_value buffer = MakeBuffer(env, piece, length, [piece, size] { ThePool().GiveBack(piece, size); });
  return buffer == nullptr ? Throw(env, "ERR_MEMORY", "no memory for an array") : buffer;
}

// release(array): detaches the array, so its memory is free at once. Before arrays were released, the garbage collector
// ran three times a step in a worker of the preset `digits`, and took a third of the processor's time.
napi_value Release(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  napi_value buffer;
  bool is_typed_array = false;
  if (napi_is_typedarray(env, arguments[0], &is_typed_array) != napi_ok || !is_typed_array ||
      napi_get_typedarray_info(env, arguments[0], nullptr, nullptr, nullptr, &buffer, nullptr) != napi_ok) {
    return Throw(env, "ERR_ARGUMENT", "release takes a typed array");
  }
  ReleaseBuffer(env, buffer);
  return nullptr;
}

}  // namespace

void DefineVectorMemory(napi_env env, napi_value exports) {
  DefineFunctions(env, exports, {Function("allocate", Allocate), Function("release", Release)});
}

}  // namespace lstm_gan
