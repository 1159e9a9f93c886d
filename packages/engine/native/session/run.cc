// Runs: each is one call of TensorFlow on a thread of libuv's pool, with flat typed arrays as inputs and outputs.
#include "session/run.h"

#include <cstring>
#include <memory>

#include "addon.h"
#include "javascript/buffers.h"
#include "threads/float-mode.h"

namespace lstm_gan {
namespace {

constexpr size_t kSmallBytes = 64;     // V8 keeps the contents of typed arrays up to this size in its heap
constexpr size_t kCopiedBytes = 4096;  // copying fewer bytes is faster than making a buffer around them

void Execute(napi_env, void* data) {
  auto* run = static_cast<Run*>(data);
  Status status;
  CurrentAccumulation() = run->accumulates ? run->accumulation.get() : nullptr;
  const ScopedFloatMode mode(true);
  TF_SessionRun(run->session->session, nullptr, run->inputs.data(), run->input_tensors.data(),
                static_cast<int>(run->inputs.size()), run->outputs.data(), run->output_tensors.data(),
                static_cast<int>(run->outputs.size()), run->targets.data(), static_cast<int>(run->targets.size()),
                nullptr, status.value);
  CurrentAccumulation() = nullptr;
  if (status.ok()) return;
  run->error = status.message();
  run->lacks_memory = TF_GetCode(status.value) == TF_RESOURCE_EXHAUSTED;
}

// Returns a few numbers as number[]. For a typed array V8 would allocate memory outside of its heap. In a process that
// has made large vectors, such an allocation starts a garbage collection.
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

// A copy of a tensor's contents, in a new ArrayBuffer.
napi_value CopyToBuffer(napi_env env, TF_Tensor* tensor, size_t size) {
  napi_value buffer = nullptr;
  void* data = nullptr;
  if (napi_create_arraybuffer(env, size, &data, &buffer) != napi_ok) return nullptr;
  if (size > 0) std::memcpy(data, TF_TensorData(tensor), size);
  return buffer;
}

// An output as Float32Array, or as number[] if it is small. A large output is not copied: its array lies over
// TensorFlow's memory, which is freed with the array. Copying 23 MB of gradients into new pages took 10 ms of a step of
// the preset rows-large.
napi_value TakeOutput(napi_env env, Run* run, size_t index) {
  TF_Tensor* tensor = run->output_tensors[index];
  const size_t size = TF_TensorByteSize(tensor);
  if (size <= kSmallBytes) return SmallOutput(env, static_cast<const float*>(TF_TensorData(tensor)), size / 4);
  napi_value buffer = nullptr, array = nullptr;
  // Three kinds of outputs are copied: an output that is also an input, because it lies in the caller's memory; an
  // output of a run by `begin`, because it may share memory with a kept value; a short one, because copying is faster.
  if (IsBorrowed(*run, tensor) || run->keeps || size <= kCopiedBytes) {
    buffer = CopyToBuffer(env, tensor, size);
  } else {
    run->output_tensors[index] = nullptr;
    buffer = MakeBuffer(env, TF_TensorData(tensor), size, [tensor] { TF_DeleteTensor(tensor); });
  }
  if (buffer == nullptr) return nullptr;
  napi_create_typedarray(env, napi_float32_array, size / 4, buffer, 0, &array);
  return array;
}

// Each Take function returns what the promise resolves with; null if there is no memory.
napi_value TakeOutputs(napi_env env, Run* run) {
  napi_value result = nullptr;
  if (napi_create_array_with_length(env, run->returned, &result) != napi_ok) return nullptr;
  for (size_t i = 0; i < run->returned; ++i) {
    napi_value output = TakeOutput(env, run, i);
    if (output == nullptr) return nullptr;
    napi_set_element(env, result, static_cast<uint32_t>(i), output);
  }
  return result;
}

napi_value TakeKept(napi_env env, Run* run) {
  auto kept = std::make_unique<Kept>();
  kept->tensors.assign(run->output_tensors.begin() + run->returned, run->output_tensors.end());
  run->output_tensors.resize(run->returned);
  napi_value handle = nullptr;
  const auto free = [](napi_env, void* data, void*) { delete static_cast<Kept*>(data); };
  if (napi_create_external(env, kept.get(), free, nullptr, &handle) != napi_ok) return nullptr;
  kept.release();
  return handle;
}

// [outputs, isFinite]. isFinite says whether the sum is finite; it is null if the kernel has not added the vectors.
napi_value TakeSum(napi_env env, Run* run) {
  napi_value outputs = TakeOutputs(env, run);
  if (outputs == nullptr) return nullptr;
  napi_value finite = nullptr;
  if (run->accumulation->done) {
    finite = MakeBoolean(env, run->accumulation->finite);
  } else {
    napi_get_null(env, &finite);
  }
  return MakePair(env, outputs, finite);
}

// [outputs, kept]
napi_value TakeOutputsAndKept(napi_env env, Run* run) {
  napi_value outputs = TakeOutputs(env, run);
  napi_value kept = outputs == nullptr ? nullptr : TakeKept(env, run);
  return kept == nullptr ? nullptr : MakePair(env, outputs, kept);
}

napi_value TakeResult(napi_env env, Run* run) {
  if (!run->error.empty()) return nullptr;
  if (run->keeps) return TakeOutputsAndKept(env, run);
  return run->accumulation != nullptr ? TakeSum(env, run) : TakeOutputs(env, run);
}

void Complete(napi_env env, napi_status, void* data) {
  std::unique_ptr<Run> run(static_cast<Run*>(data));
  napi_value result = TakeResult(env, run.get());
  if (result != nullptr) {
    napi_resolve_deferred(env, run->deferred, result);
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
  napi_delete_reference(env, run->kept_alive);
  if (--run->session->running == 0 && run->session->closed) run->session->Free();
}

// Starts one of these:
// run(handle, feeds, fetches, kept?, keptNames?): Promise<outputs>
// run(handle, feeds, fetches, kept, keptNames, onto): Promise<[outputs, boolean | null]>
// begin(handle, feeds, fetches, keeps): Promise<[outputs, kept]>
napi_value StartRun(napi_env env, napi_callback_info info, bool keeps) {
  const Arguments<6> arguments(env, info);
  auto run = std::make_unique<Run>();
  run->keeps = keeps;
  run->session = GetSession(env, arguments[0]);
  if (run->session == nullptr) return Throw(env, "ERR_ARGUMENT", "run takes a session, feeds and fetches");
  if (run->session->closed) return Throw(env, "ERR_CLOSED", "the session was closed");
  std::string error = ReadFeeds(env, arguments[1], run.get());
  if (error.empty()) error = ReadFetches(env, arguments[2], arguments[3], run.get());
  if (error.empty() && !keeps) error = ReadKept(env, arguments[3], arguments[4], run.get());
  if (error.empty() && !keeps) error = ReadAccumulation(env, arguments[5], run.get());
  if (!error.empty()) return Throw(env, run->lacks_memory ? "ERR_MEMORY" : "ERR_ARGUMENT", error);

  napi_value promise, name, kept_alive;
  napi_create_array_with_length(env, 3, &kept_alive);
  napi_set_element(env, kept_alive, 0, arguments[0]);
  napi_set_element(env, kept_alive, 1, arguments[1]);
  napi_set_element(env, kept_alive, 2, arguments[5]);
  napi_create_string_utf8(env, "lstm-gan:run", NAPI_AUTO_LENGTH, &name);
  if (napi_create_reference(env, kept_alive, 1, &run->kept_alive) != napi_ok ||
      napi_create_promise(env, &run->deferred, &promise) != napi_ok ||
      napi_create_async_work(env, nullptr, name, Execute, Complete, run.get(), &run->work) != napi_ok ||
      napi_queue_async_work(env, run->work) != napi_ok) {
    return Throw(env, "ERR_MEMORY", "no memory for a run");
  }
  ++run->session->running;
  run.release();
  return promise;
}

napi_value RunGraph(napi_env env, napi_callback_info info) { return StartRun(env, info, false); }
napi_value BeginGraph(napi_env env, napi_callback_info info) { return StartRun(env, info, true); }

// discard(kept): frees the kept values now. The garbage collector would free them much later, because it does not know
// how large they are.
napi_value Discard(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  void* data = nullptr;
  if (!GetExternal(env, arguments[0], &data)) return Throw(env, "ERR_ARGUMENT", "discard takes what begin kept");
  static_cast<Kept*>(data)->Free();
  return nullptr;
}

}  // namespace

void DefineRuns(napi_env env, napi_value exports) {
  DefineFunctions(env, exports,
                  {
                      Function("begin", BeginGraph),
                      Function("discard", Discard),
                      Function("run", RunGraph),
                  });
}

}  // namespace lstm_gan
