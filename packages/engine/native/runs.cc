// Runs of a session: flat typed arrays in and out, each run as one call on a thread of libuv's pool.
#include <cstring>
#include <memory>

#include "run.h"

namespace lstm_gan {
namespace {

constexpr size_t kSmallBytes = 64;  // what V8 keeps in its heap
constexpr size_t kCopiedBytes = 4096;

void Execute(napi_env, void* data) {
  auto* run = static_cast<Run*>(data);
  Status status;
  CurrentAccumulation() = run->adds ? run->accumulation.get() : nullptr;
  TF_SessionRun(run->session->session, nullptr, run->inputs.data(), run->input_tensors.data(),
                static_cast<int>(run->inputs.size()), run->outputs.data(), run->output_tensors.data(),
                static_cast<int>(run->outputs.size()), run->targets.data(), static_cast<int>(run->targets.size()), nullptr, status.value);
  CurrentAccumulation() = nullptr;
  if (status.ok()) return;
  run->error = status.message();
  run->lacks_memory = TF_GetCode(status.value) == TF_RESOURCE_EXHAUSTED;
}

// A few numbers as an array of them: V8 makes no memory of its own for a typed array over them, for which it would collect
// garbage where large vectors have been made before.
napi_value SmallOutput(napi_env env, const float* values, size_t count) {
  napi_value array = nullptr, number = nullptr;
  if (napi_create_array_with_length(env, count, &array) != napi_ok) return nullptr;
  for (size_t i = 0; i < count; ++i) {
    if (napi_create_double(env, values[i], &number) != napi_ok) return nullptr;
    napi_set_element(env, array, static_cast<uint32_t>(i), number);
  }
  return array;
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
    if (size <= kSmallBytes) {
      array = SmallOutput(env, static_cast<const float*>(TF_TensorData(tensor)), size / 4);
      if (array == nullptr) return nullptr;
      napi_set_element(env, result, i, array);
      continue;
    }
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

// [arrays, whether the sum is finite; null where it is still to be done]
napi_value TakeSum(napi_env env, Run* run) {
  napi_value both = nullptr, finite = nullptr;
  napi_value outputs = TakeOutputs(env, run);
  if (outputs == nullptr || napi_create_array_with_length(env, 2, &both) != napi_ok) return nullptr;
  if (run->accumulation->done) {
    napi_get_boolean(env, run->accumulation->finite, &finite);
  } else {
    napi_get_null(env, &finite);
  }
  napi_set_element(env, both, 0, outputs);
  napi_set_element(env, both, 1, finite);
  return both;
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
  napi_value outputs = nullptr;
  if (run->error.empty()) outputs = run->keeps ? TakeBoth(env, run.get()) : run->accumulation != nullptr ? TakeSum(env, run.get()) : TakeOutputs(env, run.get());
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

// run(handle, feeds, fetches, kept?, keptNames?, onto?): Promise<outputs>; with onto, Promise<[outputs, boolean | null]>
// begin(handle, feeds, fetches, keeps): Promise<[outputs, kept]>
// Each output is a Float32Array, or number[] if it is small.
napi_value StartRun(napi_env env, napi_callback_info info, bool keeps) {
  size_t count = 6;
  napi_value arguments[6];
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  auto run = std::make_unique<Run>();
  run->keeps = keeps;
  run->session = count >= 3 ? GetSession(env, arguments[0]) : nullptr;
  if (run->session == nullptr) return Throw(env, "ERR_ARGUMENT", "run takes a session, feeds and fetches");
  if (run->session->closed) return Throw(env, "ERR_CLOSED", "the session was closed");
  std::string error = ReadFeeds(env, arguments[1], run.get());
  if (error.empty()) error = ReadFetches(env, arguments[2], arguments[3], run.get());
  if (error.empty() && !keeps) error = ReadKept(env, arguments[3], arguments[4], run.get());
  if (error.empty() && !keeps) error = ReadAccumulation(env, arguments[5], run.get());
  if (!error.empty()) return Throw(env, run->lacks_memory ? "ERR_MEMORY" : "ERR_ARGUMENT", error);

  napi_value promise, name, kept;
  napi_create_array_with_length(env, 3, &kept);
  napi_set_element(env, kept, 0, arguments[0]);
  napi_set_element(env, kept, 1, arguments[1]);
  napi_set_element(env, kept, 2, arguments[5]);
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
