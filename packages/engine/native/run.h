// A run of a session: what it is given, and what it gives.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "accumulation.h"
#include "session.h"

namespace lstm_gan {

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
  std::vector<TF_Operation*> targets;  // fetched ones that give nothing: they only have an effect
  std::string error;
  bool lacks_memory = false;
  napi_deferred deferred = nullptr;
  napi_async_work work = nullptr;
  std::unique_ptr<Accumulation> accumulation;  // where the first output is to be added to something
  bool adds = false;                           // whether the graph can
  std::vector<Bytes> borrowed;  // fed without a copy
  napi_ref kept = nullptr;  // the session handle and the fed arrays, alive until the run is over

  ~Run() {
    for (TF_Tensor* tensor : input_tensors) TF_DeleteTensor(tensor);
    for (TF_Tensor* tensor : output_tensors) {
      if (tensor != nullptr) TF_DeleteTensor(tensor);
    }
  }
};

// Each reads arguments of a run into it; why they do not fit, or nothing.
std::string ReadFeeds(napi_env env, napi_value feeds, Run* run);
std::string ReadFetches(napi_env env, napi_value fetches, napi_value keeps, Run* run);
// Feeds what another run kept, in the order of the names, and uses it up.
std::string ReadKept(napi_env env, napi_value kept, napi_value names, Run* run);
// Reads what the first output is to be added to while it is written, where the graph can.
std::string ReadAccumulation(napi_env env, napi_value onto, Run* run);

}  // namespace lstm_gan
