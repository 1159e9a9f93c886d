// A run of a session: its inputs and its outputs.
#pragma once

#include <node_api.h>

#include <memory>
#include <string>
#include <vector>

#include "javascript/values.h"
#include "kernels/accumulation.h"
#include "session/session.h"

namespace lstm_gan {

// Values of one run that only another run will read. They never become JavaScript arrays: the garbage collector does
// not know how large they are.
struct Kept {
  std::vector<TF_Tensor*> tensors;  // empty when they are used up
  ~Kept() { Free(); }
  void Free() {
    for (TF_Tensor* tensor : tensors) TF_DeleteTensor(tensor);
    tensors.clear();
  }
};

struct Run {
  Session* session = nullptr;
  bool keeps = false;   // true if `begin` started this run: then some outputs stay in native memory
  size_t returned = 0;  // number of outputs that become arrays; the outputs after them become a Kept
  std::vector<TF_Output> inputs;
  std::vector<TF_Tensor*> input_tensors;
  std::vector<TF_Output> outputs;
  std::vector<TF_Tensor*> output_tensors;
  std::vector<TF_Operation*> targets;  // fetched operations without outputs, which only have an effect
  std::string error;
  bool lacks_memory = false;
  napi_deferred deferred = nullptr;
  napi_async_work work = nullptr;
  std::unique_ptr<Accumulation> accumulation;  // null if the first output is not to be added to vectors
  bool accumulates = false;                    // whether the kernel of the first output can add the vectors to it
  std::vector<Bytes> borrowed;                 // arrays that are fed without a copy
  napi_ref kept_alive = nullptr;               // the session's handle, the feeds and `onto`, until the run is over

  ~Run() {
    for (TF_Tensor* tensor : input_tensors) TF_DeleteTensor(tensor);
    for (TF_Tensor* tensor : output_tensors) {
      if (tensor != nullptr) TF_DeleteTensor(tensor);
    }
  }
};

// Each of these reads an argument into a run. It returns why the argument does not fit, otherwise an empty string.
std::string ReadFeeds(napi_env env, napi_value feeds, Run* run);
std::string ReadFetches(napi_env env, napi_value fetches, napi_value keeps, Run* run);
// Feeds kept values to the placeholders `names`, and uses them up. `kept` may be undefined.
std::string ReadKept(napi_env env, napi_value kept, napi_value names, Run* run);
// Reads the vectors that the first output is added to. `onto` may be undefined.
std::string ReadAccumulation(napi_env env, napi_value onto, Run* run);

}  // namespace lstm_gan
