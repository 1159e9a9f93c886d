#include "session/session.h"

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "addon.h"
#include "javascript/values.h"
#include "kernels/accumulation.h"

namespace lstm_gan {

Session* GetSession(napi_env env, napi_value value) {
  void* data = nullptr;
  return GetExternal(env, value, &data) ? static_cast<Session*>(data) : nullptr;
}

namespace {

void FinalizeSession(napi_env, void* data, void*) {
  auto* session = static_cast<Session*>(data);
  session->Free();
  delete session;
}

// Whether an operation belongs to a graph: the operation's name then begins with the graph's name and a slash.
bool BelongsTo(TF_Operation* operation, const std::string& graph) {
  return std::strncmp(TF_OperationName(operation), (graph + "/").c_str(), graph.size() + 1) == 0;
}

// The operations of the type `type` in the graph that was loaded under the name `name`.
std::vector<TF_Operation*> FindOperations(TF_Graph* graph, const std::string& name, const std::string& type) {
  std::vector<TF_Operation*> found;
  size_t position = 0;
  while (TF_Operation* operation = TF_GraphNextOperation(graph, &position)) {
    if (TF_OperationOpType(operation) == type && BelongsTo(operation, name)) found.push_back(operation);
  }
  return found;
}

// open(configProto): handle
napi_value Open(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  Bytes config;
  if (!GetBytes(env, arguments[0], &config)) {
    return Throw(env, "ERR_ARGUMENT", "open takes a ConfigProto as Uint8Array");
  }
  auto session = std::make_unique<Session>();
  Status status;
  session->graph = TF_NewGraph();
  TF_SessionOptions* options = TF_NewSessionOptions();
  TF_SetConfig(options, config.data, config.size, status.value);
  if (status.ok()) session->session = TF_NewSession(session->graph, options, status.value);
  TF_DeleteSessionOptions(options);
  if (!status.ok()) {
    session->Free();
    return Throw(env, "ERR_SESSION", status.message());
  }
  napi_value handle = nullptr;
  if (napi_create_external(env, session.get(), FinalizeSession, nullptr, &handle) != napi_ok) {
    session->Free();
    return Throw(env, "ERR_MEMORY", "no memory for a session");
  }
  session.release();
  return handle;
}

// load(handle, graphDef, name)
napi_value Load(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  Session* session = GetSession(env, arguments[0]);
  Bytes graph_def;
  std::string name;
  if (session == nullptr || session->closed || !GetBytes(env, arguments[1], &graph_def) ||
      !GetString(env, arguments[2], &name)) {
    return Throw(env, "ERR_ARGUMENT", "load takes an open session, a GraphDef as Uint8Array and a name");
  }
  Status status;
  TF_Buffer* buffer = TF_NewBufferFromString(graph_def.data, graph_def.size);
  TF_ImportGraphDefOptions* options = TF_NewImportGraphDefOptions();
  TF_ImportGraphDefOptionsSetPrefix(options, name.c_str());
  TF_GraphImportGraphDef(session->graph, buffer, options, status.value);
  TF_DeleteImportGraphDefOptions(options);
  TF_DeleteBuffer(buffer);
  if (!status.ok()) return Throw(env, "ERR_GRAPH", status.message());
  const std::vector<TF_Operation*> concats = FindOperations(session->graph, name, kConcatParts);
  if (concats.size() == 1) session->single_concats.insert(concats[0]);
  return nullptr;
}

// close(handle)
napi_value Close(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  Session* session = GetSession(env, arguments[0]);
  if (session == nullptr) return Throw(env, "ERR_ARGUMENT", "close takes a session");
  session->closed = true;
  if (session->running == 0) session->Free();
  return nullptr;
}

// operations(handle, graph, type): string[], the names of the operations without the prefix `graph/`
napi_value Operations(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  Session* session = GetSession(env, arguments[0]);
  std::string graph, type;
  if (session == nullptr || session->graph == nullptr || !GetString(env, arguments[1], &graph) ||
      !GetString(env, arguments[2], &type)) {
    return Throw(env, "ERR_ARGUMENT", "operations takes an open session, a graph's name and a type");
  }
  napi_value names;
  napi_create_array(env, &names);
  uint32_t found = 0;
  for (TF_Operation* operation : FindOperations(session->graph, graph, type)) {
    napi_value name;
    napi_create_string_utf8(env, TF_OperationName(operation) + graph.size() + 1, NAPI_AUTO_LENGTH, &name);
    napi_set_element(env, names, found++, name);
  }
  return names;
}

// devices(handle): {name, type}[]
napi_value Devices(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  Session* session = GetSession(env, arguments[0]);
  if (session == nullptr || session->session == nullptr) {
    return Throw(env, "ERR_ARGUMENT", "devices takes an open session");
  }
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
  DefineFunctions(env, exports,
                  {
                      Function("open", Open),
                      Function("load", Load),
                      Function("close", Close),
                      Function("operations", Operations),
                      Function("devices", Devices),
                  });
}

}  // namespace lstm_gan
