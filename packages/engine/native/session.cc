// A TensorFlow session behind Node-API: one GraphDef, flat typed arrays in and out, each run as one call on a thread
// of libuv's pool. Every argument is checked here; whatever is wrong becomes a JavaScript error, never a crash.
//
// A session is closed when nobody runs it any more: close() during runs marks it, and the last run frees it.
#include <node_api.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tensorflow/c/c_api.h"

// Of the absl inside the pinned wheel, whose headers we do not unpack.
namespace absl {
inline namespace lts_20250814 {
enum class LogSeverityAtLeast : int { kError = 2 };
void SetMinLogLevel(LogSeverityAtLeast severity);
}  // namespace lts_20250814
}  // namespace absl

namespace {

constexpr size_t kCopiedBytes = 4096;
constexpr size_t kAlignment = 64;  // what TensorFlow's kernels want; it copies what lies otherwise

struct Status {
  TF_Status* value = TF_NewStatus();
  ~Status() { TF_DeleteStatus(value); }
  bool ok() const { return TF_GetCode(value) == TF_OK; }
  std::string message() const { return TF_Message(value); }
};

// ---- sessions

struct Session {
  TF_Graph* graph = nullptr;
  TF_Session* session = nullptr;
  int running = 0;  // only touched on the JavaScript thread
  bool closed = false;

  void Free() {
    Status status;
    if (session != nullptr) {
      TF_CloseSession(session, status.value);
      TF_DeleteSession(session, status.value);
      session = nullptr;
    }
    if (graph != nullptr) {
      TF_DeleteGraph(graph);
      graph = nullptr;
    }
  }
};

struct Bytes {
  uint8_t* data = nullptr;
  size_t size = 0;
  napi_typedarray_type type = napi_uint8_array;
};

// Values of one run that only another run will read: they never become JavaScript's, whose collector knows nothing of them.
struct Kept {
  std::vector<TF_Tensor*> tensors;  // empty once they are used up
  ~Kept() { Free(); }
  void Free() {
    for (TF_Tensor* tensor : tensors) TF_DeleteTensor(tensor);
    tensors.clear();
  }
};

struct Run {
  bool keeps = false;
  size_t given = 0;  // so many outputs become arrays; the others, if it keeps, a Kept
  Session* session = nullptr;
  std::vector<TF_Output> inputs;
  std::vector<TF_Tensor*> input_tensors;
  std::vector<TF_Output> outputs;
  std::vector<TF_Tensor*> output_tensors;
  std::string error;
  bool lacks_memory = false;
  napi_deferred deferred = nullptr;
  napi_async_work work = nullptr;
  std::vector<Bytes> borrowed;  // fed without a copy
  napi_ref kept = nullptr;  // the session handle and the fed arrays, alive until the run is over

  ~Run() {
    for (TF_Tensor* tensor : input_tensors) TF_DeleteTensor(tensor);
    for (TF_Tensor* tensor : output_tensors) {
      if (tensor != nullptr) TF_DeleteTensor(tensor);
    }
  }
};

// ---- small things about JavaScript values

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

TF_DataType DataTypeOf(napi_typedarray_type type) {
  if (type == napi_float32_array) return TF_FLOAT;
  return type == napi_int32_array ? TF_INT32 : TF_UINT8;
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

// An ArrayBuffer over memory that goes where `free` says once JavaScript lets go of it: when it is released, or collected.
napi_value LendBuffer(napi_env env, void* data, size_t size, std::function<void()> free) {
  auto* hint = new std::function<void()>(std::move(free));
  const auto end = [](napi_env, void*, void* hint) {
    auto* free = static_cast<std::function<void()>*>(hint);
    (*free)();
    delete free;
  };
  napi_value buffer = nullptr;
  if (napi_create_external_arraybuffer(env, data, size, end, hint, &buffer) == napi_ok) return buffer;
  end(env, data, hint);
  return nullptr;
}

// "name" or "name:1"
bool FindOutput(TF_Graph* graph, const std::string& text, TF_Output* output) {
  const size_t colon = text.rfind(':');
  std::string name = text;
  int index = 0;
  if (colon != std::string::npos) {
    name = text.substr(0, colon);
    index = std::atoi(text.c_str() + colon + 1);
  }
  output->oper = TF_GraphOperationByName(graph, name.c_str());
  output->index = index;
  return output->oper != nullptr && index >= 0 && index < TF_OperationNumOutputs(output->oper);
}

// ---- opening and closing

void FinalizeSession(napi_env, void* data, void*) {
  auto* session = static_cast<Session*>(data);
  session->Free();
  delete session;
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
  napi_value handle = nullptr;
  if (napi_create_external(env, session.get(), FinalizeSession, nullptr, &handle) != napi_ok) {
    session->Free();
    return Throw(env, "ERR_MEMORY", "no memory for a session");
  }
  session.release();
  return handle;
}

Session* GetSession(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  void* data = nullptr;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_external) return nullptr;
  if (napi_get_value_external(env, value, &data) != napi_ok) return nullptr;
  return static_cast<Session*>(data);
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

// ---- running

// The caller's array itself where it lies aligned (the run keeps it alive), else an aligned copy.
TF_Tensor* MakeTensor(const Bytes& bytes, const std::vector<int64_t>& shape) {
  const TF_DataType type = DataTypeOf(bytes.type);
  const int rank = static_cast<int>(shape.size());
  if (bytes.size > 0 && reinterpret_cast<uintptr_t>(bytes.data) % kAlignment == 0) {
    return TF_NewTensor(type, shape.data(), rank, bytes.data, bytes.size, [](void*, size_t, void*) {}, nullptr);
  }
  TF_Tensor* tensor = TF_AllocateTensor(type, shape.data(), rank, bytes.size);
  if (tensor != nullptr && bytes.size > 0) std::memcpy(TF_TensorData(tensor), bytes.data, bytes.size);
  return tensor;
}

// Reads one feed {name, data} into a run, in the shape of its placeholder; an empty text when all is well.
std::string AddFeed(napi_env env, napi_value feed, Run* run) {
  std::string name;
  Bytes bytes;
  napi_value data = Property(env, feed, "data");
  if (!GetString(env, Property(env, feed, "name"), &name) || data == nullptr || !GetBytes(env, data, &bytes)) {
    return "a feed is {name: string, data: Float32Array | Int32Array | Uint8Array}";
  }
  TF_Output output;
  if (!FindOutput(run->session->graph, name, &output)) return "the graph has no value " + name;
  if (TF_OperationOutputType(output) != DataTypeOf(bytes.type)) return name + " is fed with another type than it has";
  Status status;
  const int rank = TF_GraphGetTensorNumDims(run->session->graph, output, status.value);
  if (!status.ok() || rank < 0) return "the graph does not say of what shape " + name + " is";
  std::vector<int64_t> shape(rank);
  if (rank > 0) TF_GraphGetTensorShape(run->session->graph, output, shape.data(), rank, status.value);
  if (!status.ok()) return status.message();
  size_t size = bytes.type == napi_uint8_array ? 1 : 4;
  for (int64_t length : shape) {
    if (length < 0) return "the graph leaves the shape of " + name + " open";
    size *= static_cast<size_t>(length);
  }
  if (size != bytes.size) {
    return name + " has " + std::to_string(bytes.size) + " bytes; its shape needs " + std::to_string(size);
  }
  TF_Tensor* tensor = MakeTensor(bytes, shape);
  if (tensor == nullptr) {
    run->lacks_memory = true;
    return "no memory for " + name;
  }
  if (TF_TensorData(tensor) == bytes.data) run->borrowed.push_back(bytes);
  run->inputs.push_back(output);
  run->input_tensors.push_back(tensor);
  return "";
}

// Feeds kept values, in the order of their names, and uses them up.
std::string AddKept(napi_env env, napi_value value, napi_value names, Run* run) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  if (type == napi_undefined) return "";
  void* data = nullptr;
  std::vector<napi_value> name_list;
  if (napi_get_value_external(env, value, &data) != napi_ok || !GetArray(env, names, &name_list)) return "kept values are what keep gave";
  auto* kept = static_cast<Kept*>(data);
  if (kept->tensors.size() != name_list.size()) return "the kept values were used up, or are another unit's";
  for (size_t i = 0; i < name_list.size(); ++i) {
    std::string name;
    TF_Output output;
    if (!GetString(env, name_list[i], &name) || !FindOutput(run->session->graph, name, &output)) return "the graph has no value " + name;
    run->inputs.push_back(output);
    run->input_tensors.push_back(kept->tensors[i]);
  }
  kept->tensors.clear();
  return "";
}

std::string AddFetch(napi_env env, napi_value fetch, Run* run) {
  std::string name;
  TF_Output output;
  if (!GetString(env, fetch, &name)) return "fetches are names";
  if (!FindOutput(run->session->graph, name, &output)) return "the graph has no value " + name;
  if (TF_OperationOutputType(output) != TF_FLOAT) return name + " is not float32";
  run->outputs.push_back(output);
  return "";
}

void Execute(napi_env, void* data) {
  auto* run = static_cast<Run*>(data);
  Status status;
  TF_SessionRun(run->session->session, nullptr, run->inputs.data(), run->input_tensors.data(),
                static_cast<int>(run->inputs.size()), run->outputs.data(), run->output_tensors.data(),
                static_cast<int>(run->outputs.size()), nullptr, 0, nullptr, status.value);
  if (status.ok()) return;
  run->error = status.message();
  run->lacks_memory = TF_GetCode(status.value) == TF_RESOURCE_EXHAUSTED;
}

bool IsBorrowed(const Run& run, TF_Tensor* tensor) {
  const auto* data = static_cast<const uint8_t*>(TF_TensorData(tensor));
  for (const Bytes& bytes : run.borrowed) {
    if (data >= bytes.data && data < bytes.data + bytes.size) return true;
  }
  return false;
}

// Outputs are arrays over TensorFlow's own memory, which goes with the array: copying 23 MB of gradients, and having the
// kernel make the pages for it, took 10 ms of an iteration of rows-large.
napi_value TakeOutputs(napi_env env, Run* run) {
  napi_value result = nullptr;
  if (napi_create_array_with_length(env, run->given, &result) != napi_ok) return nullptr;
  for (size_t i = 0; i < run->given; ++i) {
    TF_Tensor* tensor = run->output_tensors[i];
    const size_t size = TF_TensorByteSize(tensor);
    napi_value buffer = nullptr, array = nullptr;
    // An input handed through is the caller's memory, what is kept too may lie in the same place as what is given; and of
    // a few numbers a copy is cheaper than an array around them.
    if (IsBorrowed(*run, tensor) || run->keeps || size <= kCopiedBytes) {
      void* data = nullptr;
      if (napi_create_arraybuffer(env, size, &data, &buffer) != napi_ok) return nullptr;
      if (size > 0) std::memcpy(data, TF_TensorData(tensor), size);
      napi_create_typedarray(env, napi_float32_array, size / 4, buffer, 0, &array);
      napi_set_element(env, result, i, array);
      continue;
    }
    run->output_tensors[i] = nullptr;
    buffer = LendBuffer(env, TF_TensorData(tensor), size, [tensor] { TF_DeleteTensor(tensor); });
    if (buffer == nullptr) return nullptr;
    napi_create_typedarray(env, napi_float32_array, size / 4, buffer, 0, &array);
    napi_set_element(env, result, i, array);
  }
  return result;
}

napi_value TakeKept(napi_env env, Run* run) {
  auto kept = std::make_unique<Kept>();
  kept->tensors.assign(run->output_tensors.begin() + run->given, run->output_tensors.end());
  run->output_tensors.resize(run->given);
  napi_value handle = nullptr;
  const auto free = [](napi_env, void* data, void*) { delete static_cast<Kept*>(data); };
  if (napi_create_external(env, kept.get(), free, nullptr, &handle) != napi_ok) return nullptr;
  kept.release();
  return handle;
}

// [arrays, kept]
napi_value TakeBoth(napi_env env, Run* run) {
  napi_value both = nullptr;
  napi_value outputs = TakeOutputs(env, run);
  napi_value kept = outputs == nullptr ? nullptr : TakeKept(env, run);
  if (kept == nullptr || napi_create_array_with_length(env, 2, &both) != napi_ok) return nullptr;
  napi_set_element(env, both, 0, outputs);
  napi_set_element(env, both, 1, kept);
  return both;
}

void Complete(napi_env env, napi_status, void* data) {
  std::unique_ptr<Run> run(static_cast<Run*>(data));
  napi_value outputs = !run->error.empty() ? nullptr : run->keeps ? TakeBoth(env, run.get()) : TakeOutputs(env, run.get());
  if (outputs != nullptr) {
    napi_resolve_deferred(env, run->deferred, outputs);
  } else {
    napi_value pending, message, error, code = nullptr;
    napi_get_and_clear_last_exception(env, &pending);
    if (run->error.empty() || run->lacks_memory) napi_create_string_utf8(env, "ERR_MEMORY", NAPI_AUTO_LENGTH, &code);
    const std::string text = run->error.empty() ? "no memory for the outputs" : run->error;
    napi_create_string_utf8(env, text.c_str(), text.size(), &message);
    napi_create_error(env, code, message, &error);
    napi_reject_deferred(env, run->deferred, error);
  }
  napi_delete_async_work(env, run->work);
  napi_delete_reference(env, run->kept);
  if (--run->session->running == 0 && run->session->closed) run->session->Free();
}

std::string Prepare(napi_env env, napi_value feeds, napi_value fetches, napi_value keeps, Run* run) {
  std::vector<napi_value> feed_list, fetch_list;
  bool fits = GetArray(env, feeds, &feed_list) && GetArray(env, fetches, &fetch_list);
  run->given = fetch_list.size();
  fits = fits && (!run->keeps || GetArray(env, keeps, &fetch_list)) && !fetch_list.empty();
  if (!fits) return "a run takes a session, a list of feeds and lists of names to fetch";
  for (napi_value feed : feed_list) {
    const std::string error = AddFeed(env, feed, run);
    if (!error.empty()) return error;
  }
  for (napi_value fetch : fetch_list) {
    const std::string error = AddFetch(env, fetch, run);
    if (!error.empty()) return error;
  }
  run->output_tensors.assign(run->outputs.size(), nullptr);
  return "";
}

// run(handle, feeds, fetches, kept?, keptNames?): Promise<Float32Array[]>
// begin(handle, feeds, fetches, keeps): Promise<[Float32Array[], kept]>
napi_value StartRun(napi_env env, napi_callback_info info, bool keeps) {
  size_t count = 5;
  napi_value arguments[5];
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  auto run = std::make_unique<Run>();
  run->keeps = keeps;
  run->session = count >= 3 ? GetSession(env, arguments[0]) : nullptr;
  if (run->session == nullptr) return Throw(env, "ERR_ARGUMENT", "run takes a session, feeds and fetches");
  if (run->session->closed) return Throw(env, "ERR_CLOSED", "the session was closed");
  std::string error = Prepare(env, arguments[1], arguments[2], arguments[3], run.get());
  if (error.empty() && !keeps) error = AddKept(env, arguments[3], arguments[4], run.get());
  if (!error.empty()) return Throw(env, run->lacks_memory ? "ERR_MEMORY" : "ERR_ARGUMENT", error);

  napi_value promise, name, kept;
  napi_create_array_with_length(env, 2, &kept);
  napi_set_element(env, kept, 0, arguments[0]);
  napi_set_element(env, kept, 1, arguments[1]);
  napi_create_string_utf8(env, "lstm-gan:run", NAPI_AUTO_LENGTH, &name);
  if (napi_create_reference(env, kept, 1, &run->kept) != napi_ok ||
      napi_create_promise(env, &run->deferred, &promise) != napi_ok ||
      napi_create_async_work(env, nullptr, name, Execute, Complete, run.get(), &run->work) != napi_ok ||
      napi_queue_async_work(env, run->work) != napi_ok) {
    return Throw(env, "ERR_MEMORY", "no memory for a run");
  }
  ++run->session->running;
  run.release();
  return promise;
}

napi_value RunSession(napi_env env, napi_callback_info info) { return StartRun(env, info, false); }
napi_value BeginSession(napi_env env, napi_callback_info info) { return StartRun(env, info, true); }

// discard(kept): frees it now; the collector, which does not know how much it holds, would do so much later
napi_value Discard(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  napi_valuetype type = napi_undefined;
  void* data = nullptr;
  if (count != 1 || napi_typeof(env, argument, &type) != napi_ok || type != napi_external || napi_get_value_external(env, argument, &data) != napi_ok) {
    return Throw(env, "ERR_ARGUMENT", "discard takes what begin kept");
  }
  static_cast<Kept*>(data)->Free();
  return nullptr;
}

// ---- arithmetic on weights, equal bit for bit to core's TypeScript (which explains it): float64 arithmetic in the same
// order, stored as float32, never contracted. Compiled for several processors; IEEE arithmetic is the same on all, and
// so it is however a vector is cut among threads.

#define LSTM_GAN_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))

// Calls body(start, end) for pieces of [0, size), one a thread. Fewer than 64 Ki floats are not worth a thread.
template <typename Body>
void ForPieces(size_t size, uint32_t threads, const Body& body) {
  const size_t count = std::max<size_t>(1, std::min<size_t>(threads, size >> 16));
  const size_t piece = (size / count + 15) & ~size_t{15};
  std::vector<std::thread> others;
  for (size_t i = 1; i < count; ++i) others.emplace_back(body, std::min(size, i * piece), i + 1 == count ? size : std::min(size, (i + 1) * piece));
  body(0, count == 1 ? size : std::min(size, piece));
  for (std::thread& other : others) other.join();
}

struct AdamArrays {
  const float *gradient, *weights, *first, *second;
  float *new_weights, *new_first, *new_second;
};

struct AdamNumbers {
  double divisor, rate, beta1, beta2, epsilon, correction1, correction2;
};

LSTM_GAN_CLONES void Adam(const AdamArrays& arrays, const AdamNumbers& numbers, size_t start, size_t end) {
  const auto [gradient, weights, first, second, new_weights, new_first, new_second] = arrays;
  const auto [divisor, rate, beta1, beta2, epsilon, correction1, correction2] = numbers;
  const double rest1 = 1 - beta1, rest2 = 1 - beta2;
#pragma GCC ivdep
  for (size_t i = start; i < end; ++i) {
    const double g = static_cast<float>(gradient[i] / divisor);
    const double m = beta1 * first[i] + rest1 * g;
    const double v = beta2 * second[i] + rest2 * g * g;
    new_first[i] = static_cast<float>(m);
    new_second[i] = static_cast<float>(v);
    new_weights[i] =
        static_cast<float>(weights[i] - (rate * (m * correction1)) / (__builtin_sqrt(v * correction2) + epsilon));
  }
}

LSTM_GAN_CLONES void Average(const float* average, const float* weights, float* result, size_t start, size_t end, double beta) {
  const double rest = 1 - beta;
#pragma GCC ivdep
  for (size_t i = start; i < end; ++i) result[i] = static_cast<float>(beta * average[i] + rest * weights[i]);
}

// Float32 addition is the float64 one rounded, so there is no need to widen.
LSTM_GAN_CLONES void Accumulate(float* target, const float* term, size_t start, size_t end) {
#pragma GCC ivdep
  for (size_t i = start; i < end; ++i) target[i] += term[i];
}

LSTM_GAN_CLONES bool AllFinite(const float* values, size_t size) {
  const auto* bits = reinterpret_cast<const uint32_t*>(values);
  uint32_t bad = 0;
  for (size_t i = 0; i < size; ++i) bad |= (bits[i] & 0x7f800000u) == 0x7f800000u;
  return bad == 0;
}

// Reads `count` Float32Arrays of one length.
bool GetFloats(napi_env env, const napi_value* values, size_t count, std::vector<float*>* arrays, size_t* length) {
  for (size_t i = 0; i < count; ++i) {
    Bytes bytes;
    if (!GetBytes(env, values[i], &bytes) || bytes.type != napi_float32_array) return false;
    if (i > 0 && bytes.size / 4 != *length) return false;
    *length = bytes.size / 4;
    arrays->push_back(reinterpret_cast<float*>(bytes.data));
  }
  return true;
}

constexpr uint32_t kMaxThreads = 64;

// adam(gradient, weights, m, v, newWeights, newM, newV,
//      [threads, start, end, divisor, rate, beta1, beta2, epsilon, beta1Power, beta2Power])
napi_value AdamUpdate(napi_env env, napi_callback_info info) {
  size_t count = 8;
  napi_value arguments[8];
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  std::vector<float*> a;
  std::vector<napi_value> items;
  std::vector<double> n(10);
  size_t length = 0;
  bool fits = count == 8 && GetFloats(env, arguments, 7, &a, &length) && GetArray(env, arguments[7], &items) && items.size() == 10;
  for (size_t i = 0; fits && i < 10; ++i) fits = napi_get_value_double(env, items[i], &n[i]) == napi_ok;
  if (!fits || !(n[0] >= 1 && n[0] <= kMaxThreads && n[1] >= 0 && n[1] <= n[2] && n[2] <= static_cast<double>(length))) {
    return Throw(env, "ERR_ARGUMENT", "adam takes seven Float32Arrays of one length, and ten numbers");
  }
  const AdamNumbers numbers{n[3], n[4], n[5], n[6], n[7], 1 / (1 - n[8]), 1 / (1 - n[9])};
  const AdamArrays arrays{a[0], a[1], a[2], a[3], a[4], a[5], a[6]};
  const size_t first = static_cast<size_t>(n[1]);
  ForPieces(static_cast<size_t>(n[2]) - first, static_cast<uint32_t>(n[0]),
            [=](size_t start, size_t end) { Adam(arrays, numbers, first + start, first + end); });
  return nullptr;
}

// average(ema, weights, result, beta, threads)
napi_value AverageUpdate(napi_env env, napi_callback_info info) {
  size_t count = 5;
  napi_value arguments[5];
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  std::vector<float*> a;
  size_t length = 0;
  double beta = 0;
  uint32_t threads = 0;
  if (count != 5 || !GetFloats(env, arguments, 3, &a, &length) || napi_get_value_double(env, arguments[3], &beta) != napi_ok ||
      !GetUint32(env, arguments[4], &threads) || threads < 1 || threads > kMaxThreads) {
    return Throw(env, "ERR_ARGUMENT", "average takes three Float32Arrays of one length, and two numbers");
  }
  ForPieces(length, threads, [=](size_t start, size_t end) { Average(a[0], a[1], a[2], start, end, beta); });
  return nullptr;
}

// accumulate(target, term, threads)
napi_value AccumulateVector(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value arguments[3];
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  std::vector<float*> a;
  size_t length = 0;
  uint32_t threads = 0;
  if (count != 3 || !GetFloats(env, arguments, 2, &a, &length) || !GetUint32(env, arguments[2], &threads) || threads < 1 ||
      threads > kMaxThreads) {
    return Throw(env, "ERR_ARGUMENT", "accumulate takes two Float32Arrays of one length, and a number");
  }
  ForPieces(length, threads, [=](size_t start, size_t end) { Accumulate(a[0], a[1], start, end); });
  return nullptr;
}

// isFinite(vector): boolean
napi_value IsFinite(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument, result;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  std::vector<float*> a;
  size_t length = 0;
  if (count != 1 || !GetFloats(env, &argument, 1, &a, &length)) return Throw(env, "ERR_ARGUMENT", "isFinite takes a Float32Array");
  napi_get_boolean(env, AllFinite(a[0], length), &result);
  return result;
}

// ---- memory for vectors: aligned, so that TensorFlow reads them where they lie, and used again, because having the kernel
// make new pages for 8 MB takes longer than Adam on them. Contents are what was there before.

// Idle blocks by size. Touched on the JavaScript thread only: that is where arrays are made and finalized.
class Pool {
 public:
  void* Take(size_t size) {
    std::vector<void*>& idle = idle_[size];
    if (idle.empty()) return std::aligned_alloc(kAlignment, size);
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
  napi_detach_arraybuffer(env, buffer);  // what cannot be detached is left to the collector
  return nullptr;
}

// ---- facts

napi_value Version(napi_env env, napi_callback_info) {
  napi_value version = nullptr;
  napi_create_string_utf8(env, TF_Version(), NAPI_AUTO_LENGTH, &version);
  return version;
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

// TensorFlow tells about its devices on stderr. Its log is absl's, whose level only Python's wrapper sets from
// TF_CPP_MIN_LOG_LEVEL. Errors still get through, and so do the two lines (one about oneDNN) that its static
// initializers print while the library is being loaded: nothing can be called before them.
void QuietLog() {
  if (std::getenv("TF_CPP_MIN_LOG_LEVEL") == nullptr) absl::SetMinLogLevel(absl::LogSeverityAtLeast::kError);
}

napi_value Initialize(napi_env env, napi_value exports) {
  QuietLog();
  const napi_property_descriptor functions[] = {
      {"open", nullptr, Open, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"close", nullptr, Close, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"discard", nullptr, Discard, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"begin", nullptr, BeginSession, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"run", nullptr, RunSession, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"placeholders", nullptr, Placeholders, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"devices", nullptr, Devices, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"adam", nullptr, AdamUpdate, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"average", nullptr, AverageUpdate, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"allocate", nullptr, Allocate, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"release", nullptr, Release, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"accumulate", nullptr, AccumulateVector, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"isFinite", nullptr, IsFinite, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"version", nullptr, Version, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
  };
  napi_define_properties(env, exports, sizeof(functions) / sizeof(functions[0]), functions);
  return exports;
}

}  // namespace

NAPI_MODULE(NODE_GYP_MODULE_NAME, Initialize)
