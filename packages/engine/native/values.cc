// Small things about JavaScript values.
#include <cstdint>

#include "addon.h"

namespace lstm_gan {

napi_value Throw(napi_env env, const std::string& code, const std::string& message) {
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (!pending) napi_throw_error(env, code.c_str(), message.c_str());
  return nullptr;
}

bool GetString(napi_env env, napi_value value, std::string* text) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return false;
  text->resize(length + 1);
  if (napi_get_value_string_utf8(env, value, text->data(), length + 1, &length) != napi_ok) return false;
  text->resize(length);
  return true;
}

bool GetBytes(napi_env env, napi_value value, Bytes* bytes) {
  bool is_typed_array = false;
  if (napi_is_typedarray(env, value, &is_typed_array) != napi_ok || !is_typed_array) return false;
  size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, value, &bytes->type, &length, &data, nullptr, nullptr) != napi_ok) return false;
  const size_t width = bytes->type == napi_uint8_array ? 1 : 4;
  bytes->data = static_cast<uint8_t*>(data);
  bytes->size = length * width;
  return bytes->type == napi_uint8_array || bytes->type == napi_int32_array || bytes->type == napi_float32_array;
}

bool GetUint32(napi_env env, napi_value value, uint32_t* number) {
  return napi_get_value_uint32(env, value, number) == napi_ok;
}

napi_value Property(napi_env env, napi_value object, const char* name) {
  napi_value value = nullptr;
  if (napi_get_named_property(env, object, name, &value) != napi_ok) return nullptr;
  return value;
}

bool GetArray(napi_env env, napi_value value, std::vector<napi_value>* items) {
  bool is_array = false;
  uint32_t length = 0;
  if (value == nullptr || napi_is_array(env, value, &is_array) != napi_ok || !is_array) return false;
  napi_get_array_length(env, value, &length);
  for (uint32_t i = 0; i < length; ++i) {
    napi_value item = nullptr;
    if (napi_get_element(env, value, i, &item) != napi_ok) return false;
    items->push_back(item);
  }
  return true;
}

namespace {

// What V8 is told of memory outside its heap: the most that lived at a time, not how much lives just now. A step takes and
// gives back hundreds of MB; V8, which collects its heap whenever 64 MB are new, did so six times a step. What is left to the
// collector still counts in full, as it should: it lets that grow, so V8 collects, and it falls again.
class ToldMemory {
 public:
  // Behind the making of a buffer, for which V8 has counted its bytes.
  void Take(napi_env env, size_t bytes) {
    live_ += bytes;
    const size_t grown = live_ > told_ ? live_ - told_ : 0;
    told_ += grown;
    Adjust(env, static_cast<int64_t>(grown) - static_cast<int64_t>(bytes));
  }

  // Ahead of its detaching, at which V8 takes them off: V8 measures growth from the lowest that it saw.
  void Give(napi_env env, size_t bytes) {
    live_ -= bytes;
    Adjust(env, static_cast<int64_t>(bytes));
  }

  // It was collected, and V8 is to know it.
  void Forget(size_t bytes) {
    live_ -= bytes;
    told_ -= bytes;
  }

 private:
  static void Adjust(napi_env env, int64_t bytes) {
    int64_t now = 0;
    napi_adjust_external_memory(env, bytes, &now);
  }

  size_t live_ = 0;
  size_t told_ = 0;
};

// Never destroyed: finalizers may run when the process ends. On the JavaScript thread only, as they are.
ToldMemory& Told() {
  static ToldMemory* told = new ToldMemory;
  return *told;
}

// What a buffer lies over.
struct Lent {
  std::function<void()> free;
  size_t bytes;
  bool released = false;
};

void EndLent(napi_env, void*, void* hint) {
  auto* lent = static_cast<Lent*>(hint);
  if (!lent->released) Told().Forget(lent->bytes);
  lent->free();
  delete lent;
}

}  // namespace

napi_value LendBuffer(napi_env env, void* data, size_t size, std::function<void()> free) {
  auto* lent = new Lent{std::move(free), size};
  napi_value buffer = nullptr;
  if (napi_create_external_arraybuffer(env, data, size, EndLent, lent, &buffer) != napi_ok) {
    lent->free();
    delete lent;
    return nullptr;
  }
  Told().Take(env, size);
  napi_wrap(env, buffer, lent, nullptr, nullptr, nullptr);
  return buffer;
}

void ReleaseBuffer(napi_env env, napi_value buffer) {
  void* wrapped = nullptr;
  if (napi_remove_wrap(env, buffer, &wrapped) == napi_ok) {
    auto* lent = static_cast<Lent*>(wrapped);
    Told().Give(env, lent->bytes);
    lent->released = true;
  }
  napi_detach_arraybuffer(env, buffer);
}

}  // namespace lstm_gan
