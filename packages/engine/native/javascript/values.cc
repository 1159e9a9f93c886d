#include "javascript/values.h"

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

bool GetUint32(napi_env env, napi_value value, uint32_t* number) {
  return napi_get_value_uint32(env, value, number) == napi_ok;
}

bool GetDouble(napi_env env, napi_value value, double* number) {
  return napi_get_value_double(env, value, number) == napi_ok;
}

bool GetSize(napi_env env, napi_value value, size_t* size) {
  double number = 0;
  if (!GetDouble(env, value, &number) || !(number >= 1 && number <= 1e11)) return false;
  *size = static_cast<size_t>(number);
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

bool GetExternal(napi_env env, napi_value value, void** data) {
  napi_valuetype type = napi_undefined;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_external) return false;
  return napi_get_value_external(env, value, data) == napi_ok;
}

bool IsUndefined(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  return type == napi_undefined;
}

napi_value Property(napi_env env, napi_value object, const char* name) {
  napi_value value = nullptr;
  if (napi_get_named_property(env, object, name, &value) != napi_ok) return nullptr;
  return value;
}

napi_value MakeBoolean(napi_env env, bool value) {
  napi_value result = nullptr;
  napi_get_boolean(env, value, &result);
  return result;
}

napi_value MakeUndefined(napi_env env) {
  napi_value result = nullptr;
  napi_get_undefined(env, &result);
  return result;
}

napi_value MakePair(napi_env env, napi_value first, napi_value second) {
  napi_value pair = nullptr;
  if (napi_create_array_with_length(env, 2, &pair) != napi_ok) return nullptr;
  napi_set_element(env, pair, 0, first);
  napi_set_element(env, pair, 1, second);
  return pair;
}

void DefineFunctions(napi_env env, napi_value exports, std::initializer_list<napi_property_descriptor> functions) {
  napi_define_properties(env, exports, functions.size(), functions.begin());
}

}  // namespace lstm_gan
