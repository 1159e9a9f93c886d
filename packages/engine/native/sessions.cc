// Sessions: opened from a GraphDef, asked what they are, closed.
#include <cstring>
#include <memory>

#include "session.h"

namespace lstm_gan {

Session* GetSession(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  void* data = nullptr;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_external) return nullptr;
  if (napi_get_value_external(env, value, &data) != napi_ok) return nullptr;
  return static_cast<Session*>(data);
}

namespace {

void FinalizeSession(napi_env, void* data, void*) {
  auto* session = static_cast<Session*>(data);
  session->Free();
  delete session;
}

// Null where there are several, or none.
TF_Operation* FindOnlyJoin(TF_Graph* graph) {
  TF_Operation* found = nullptr;
  size_t position = 0;
  while (TF_Operation* operation = TF_GraphNextOperation(graph, &position)) {
    if (std::strcmp(TF_OperationOpType(operation), kJoin) != 0) continue;
    if (found != nullptr) return nullptr;
    found = operation;
  }
  return found;
}

// open(graphDef: Uint8Array, configProto: Uint8Array): handle
napi_value Open(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2];
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  Bytes graph_def, config;
  if (count != 2 || !GetBytes(env, arguments[0], &graph_def) || !GetBytes(env, arguments[1], &config)) {
    return Throw(env, "ERR_ARGUMENT", "open takes a GraphDef and a ConfigProto as Uint8Arrays");
  }
  auto session = std::make_unique<Session>();
  Status status;
  session->graph = TF_NewGraph();
  TF_Buffer* buffer = TF_NewBufferFromString(graph_def.data, graph_def.size);
  TF_ImportGraphDefOptions* import_options = TF_NewImportGraphDefOptions();
  TF_GraphImportGraphDef(session->graph, buffer, import_options, status.value);
  TF_DeleteImportGraphDefOptions(import_options);
  TF_DeleteBuffer(buffer);
  if (status.ok()) {
    TF_SessionOptions* options = TF_NewSessionOptions();
    TF_SetConfig(options, config.data, config.size, status.value);
    if (status.ok()) session->session = TF_NewSession(session->graph, options, status.value);
    TF_DeleteSessionOptions(options);
  }
  if (!status.ok()) {
    session->Free();
    return Throw(env, "ERR_GRAPH", status.message());
  }
  session->only_join = FindOnlyJoin(session->graph);
  napi_value handle = nullptr;
  if (napi_create_external(env, session.get(), FinalizeSession, nullptr, &handle) != napi_ok) {
    session->Free();
    return Throw(env, "ERR_MEMORY", "no memory for a session");
  }
  session.release();
  return handle;
}

// close(handle): a second call does nothing
napi_value Close(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  Session* session = count == 1 ? GetSession(env, argument) : nullptr;
  if (session == nullptr) return Throw(env, "ERR_ARGUMENT", "close takes a session");
  session->closed = true;
  if (session->running == 0) session->Free();
  return nullptr;
}

// placeholders(handle): string[], the names of what the graph must be fed
napi_value Placeholders(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument, names;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  Session* session = count == 1 ? GetSession(env, argument) : nullptr;
  if (session == nullptr || session->graph == nullptr) return Throw(env, "ERR_ARGUMENT", "placeholders takes an open session");
  napi_create_array(env, &names);
  size_t position = 0;
  uint32_t found = 0;
  while (TF_Operation* operation = TF_GraphNextOperation(session->graph, &position)) {
    if (std::strcmp(TF_OperationOpType(operation), "Placeholder") != 0) continue;
    napi_value name;
    napi_create_string_utf8(env, TF_OperationName(operation), NAPI_AUTO_LENGTH, &name);
    napi_set_element(env, names, found++, name);
  }
  return names;
}

// devices(handle): {name, type}[]
napi_value Devices(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  Session* session = count == 1 ? GetSession(env, argument) : nullptr;
  if (session == nullptr || session->session == nullptr) return Throw(env, "ERR_ARGUMENT", "devices takes an open session");
  Status status;
  TF_DeviceList* list = TF_SessionListDevices(session->session, status.value);
  if (!status.ok()) return Throw(env, "ERR_DEVICES", status.message());
  napi_value result = nullptr;
  napi_create_array(env, &result);
  for (int i = 0; i < TF_DeviceListCount(list); ++i) {
    napi_value device, name, type;
    napi_create_object(env, &device);
    napi_create_string_utf8(env, TF_DeviceListName(list, i, status.value), NAPI_AUTO_LENGTH, &name);
    napi_create_string_utf8(env, TF_DeviceListType(list, i, status.value), NAPI_AUTO_LENGTH, &type);
    napi_set_named_property(env, device, "name", name);
    napi_set_named_property(env, device, "type", type);
    napi_set_element(env, result, i, device);
  }
  TF_DeleteDeviceList(list);
  return result;
}

}  // namespace

void DefineSessions(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      Function("open", Open),
      Function("close", Close),
      Function("placeholders", Placeholders),
      Function("devices", Devices),
  };
  napi_define_properties(env, exports, sizeof(functions) / sizeof(functions[0]), functions);
}

}  // namespace lstm_gan
