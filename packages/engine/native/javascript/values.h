// JavaScript values: arguments that are read and checked, errors that are thrown. A wrong argument becomes a JavaScript
// error, never a crash.
#pragma once

#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace lstm_gan {

// The arguments of a call. An argument that was not given is undefined.
template <size_t kMost>
struct Arguments {
  Arguments(napi_env env, napi_callback_info info) {
    size_t count = kMost;
    napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
  }
  napi_value operator[](size_t index) const { return values[index]; }

  napi_value values[kMost];
};

// Throws an Error with a code, unless one was thrown already. Returns null, so a function can `return Throw(...)`.
napi_value Throw(napi_env env, const std::string& code, const std::string& message);

// The memory of a typed array.
struct Bytes {
  uint8_t* data = nullptr;
  size_t size = 0;  // in bytes
  napi_typedarray_type type = napi_uint8_array;
};

// Each of these reads a value. It returns false if the value is of another kind.
bool GetString(napi_env env, napi_value value, std::string* text);
bool GetUint32(napi_env env, napi_value value, uint32_t* number);
bool GetDouble(napi_env env, napi_value value, double* number);
// A number of bytes, from 1 to 1e11.
bool GetSize(napi_env env, napi_value value, size_t* size);
// A Float32Array, an Int32Array or a Uint8Array.
bool GetBytes(napi_env env, napi_value value, Bytes* bytes);
bool GetArray(napi_env env, napi_value value, std::vector<napi_value>* items);
// A pointer that napi_create_external wrapped.
bool GetExternal(napi_env env, napi_value value, void** data);
bool IsUndefined(napi_env env, napi_value value);

// A property of an object; null if `object` is not an object.
napi_value Property(napi_env env, napi_value object, const char* name);

napi_value MakeBoolean(napi_env env, bool value);
napi_value MakeUndefined(napi_env env);
// The array [first, second]; null if there is no memory.
napi_value MakePair(napi_env env, napi_value first, napi_value second);

// A function of the addon.
inline napi_property_descriptor Function(const char* name, napi_callback callback) {
  return {name, nullptr, callback, nullptr, nullptr, nullptr, napi_enumerable, nullptr};
}
void DefineFunctions(napi_env env, napi_value exports, std::initializer_list<napi_property_descriptor> functions);

}  // namespace lstm_gan
