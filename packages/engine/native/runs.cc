// Runs of a session: flat typed arrays in and out, each run as one call on a thread of libuv's pool.
#include <cstdlib>
#include <cstring>
#include <memory>

#include "session.h"

namespace lstm_gan {
namespace {

constexpr size_t kCopiedBytes = 4096;

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

TF_DataType DataTypeOf(napi_typedarray_type type) {
  if (type == napi_float32_array) return TF_FLOAT;
  return type == napi_int32_array ? TF_INT32 : TF_UINT8;
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
  if (napi_get_value_external(env, value, &data) != napi_ok || !GetArray(env, names, &name_list)) return "kept values are what begin gave";
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

}  // namespace

void DefineRuns(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      Function("begin", BeginSession),
      Function("discard", Discard),
      Function("run", RunSession),
  };
  napi_define_properties(env, exports, sizeof(functions) / sizeof(functions[0]), functions);
}

}  // namespace lstm_gan
