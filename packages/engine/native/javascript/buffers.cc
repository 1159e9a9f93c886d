#include "javascript/buffers.h"

#include <cstdint>
#include <utility>

namespace lstm_gan {
namespace {

// V8's count of memory outside its heap, as we report it. V8 collects garbage whenever this count has grown by 64 MB. A
// step takes and gives back hundreds of MB, so with the true number V8 collected six times a step. Therefore we report
// the largest number of bytes that were alive at one time. Buffers that are left to the garbage collector make the
// count grow; V8 collects these buffers, and the count falls again. Used on the JavaScript thread only.
class ReportedMemory {
 public:
  // Call after a buffer was made. V8 has then added all of the buffer's bytes to its count. This function corrects the
  // count, so that it grows only if more bytes are alive than ever before.
  void Add(napi_env env, size_t bytes) {
    live_ += bytes;
    const size_t grown = live_ > reported_ ? live_ - reported_ : 0;
    reported_ += grown;
    Adjust(env, static_cast<int64_t>(grown) - static_cast<int64_t>(bytes));
  }

  // Call before a buffer is detached. V8 subtracts the buffer's bytes from its count when the buffer is detached, so
  // this function adds as many bytes first. The count then stays the same: if it fell, it would grow again with the
  // next buffer, and V8 would collect garbage because of that growth.
  void Release(napi_env env, size_t bytes) {
    live_ -= bytes;
    Adjust(env, static_cast<int64_t>(bytes));
  }

  // Call when V8 has collected a buffer: its bytes are no longer reported.
  void Collect(size_t bytes) {
    live_ -= bytes;
    reported_ -= bytes;
  }

 private:
  static void Adjust(napi_env env, int64_t bytes) {
    int64_t now = 0;
    napi_adjust_external_memory(env, bytes, &now);
  }

  size_t live_ = 0;
  size_t reported_ = 0;
};

ReportedMemory& TheReportedMemory() {
  static ReportedMemory* memory = new ReportedMemory;  // never destroyed: finalizers may run when the process ends
  return *memory;
}

// The memory of a buffer.
struct BufferMemory {
  std::function<void()> free;
  size_t bytes;
  bool released = false;
};

void FinalizeBuffer(napi_env, void*, void* hint) {
  auto* memory = static_cast<BufferMemory*>(hint);
  if (!memory->released) TheReportedMemory().Collect(memory->bytes);
  memory->free();
  delete memory;
}

}  // namespace

napi_value MakeBuffer(napi_env env, void* data, size_t size, std::function<void()> free) {
  auto* memory = new BufferMemory{std::move(free), size};
  napi_value buffer = nullptr;
  if (napi_create_external_arraybuffer(env, data, size, FinalizeBuffer, memory, &buffer) != napi_ok) {
    memory->free();
    delete memory;
    return nullptr;
  }
  TheReportedMemory().Add(env, size);
  napi_wrap(env, buffer, memory, nullptr, nullptr, nullptr);
  return buffer;
}

void ReleaseBuffer(napi_env env, napi_value buffer) {
  void* wrapped = nullptr;
  if (napi_remove_wrap(env, buffer, &wrapped) == napi_ok) {
    auto* memory = static_cast<BufferMemory*>(wrapped);
    TheReportedMemory().Release(env, memory->bytes);
    memory->released = true;
  }
  napi_detach_arraybuffer(env, buffer);
}

}  // namespace lstm_gan
