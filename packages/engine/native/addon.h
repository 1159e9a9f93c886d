// What the parts of the addon share: its JavaScript values, and the functions that each part has to offer. Every argument
// is checked where it comes in; whatever is wrong becomes a JavaScript error, never a crash.
#pragma once

#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace lstm_gan {

// A function that is compiled for several processors.
#define LSTM_GAN_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))

constexpr size_t kAlignment = 64;  // what TensorFlow's kernels want; it copies what lies otherwise

struct Bytes {
  uint8_t* data = nullptr;
  size_t size = 0;
  napi_typedarray_type type = napi_uint8_array;
};

// Throws an Error with a code; the value to return then.
napi_value Throw(napi_env env, const std::string& code, const std::string& message);

// Each reads a value, and is false where it is of another kind.
bool GetString(napi_env env, napi_value value, std::string* text);
bool GetBytes(napi_env env, napi_value value, Bytes* bytes);
bool GetUint32(napi_env env, napi_value value, uint32_t* number);
bool GetArray(napi_env env, napi_value value, std::vector<napi_value>* items);
napi_value Property(napi_env env, napi_value object, const char* name);

// An ArrayBuffer over memory that goes where `free` says once JavaScript lets go of it: when it is released, or collected.
napi_value LendBuffer(napi_env env, void* data, size_t size, std::function<void()> free);
// Detaches it, so that its memory is free at once; what cannot be detached is left to the collector.
void ReleaseBuffer(napi_env env, napi_value buffer);

// The functions of a part, put on the addon's exports.
void DefineSessions(napi_env env, napi_value exports);
void DefineRuns(napi_env env, napi_value exports);
void DefineArithmetic(napi_env env, napi_value exports);
void DefineMemory(napi_env env, napi_value exports);
void DefineKernels(napi_env env, napi_value exports);
void DefineShared(napi_env env, napi_value exports);

inline napi_property_descriptor Function(const char* name, napi_callback callback) {
  return {name, nullptr, callback, nullptr, nullptr, nullptr, napi_enumerable, nullptr};
}

}  // namespace lstm_gan
