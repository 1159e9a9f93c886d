#include <cstdlib>
#include <cstring>

#include "memory/alignment.h"
#include "session/run.h"

namespace lstm_gan {
namespace {

constexpr char kUsage[] = "a run takes a session, a list of feeds and lists of names to fetch";

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

// A tensor over the caller's array if the array is aligned (the run keeps the array alive), otherwise an aligned copy.
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

// Reads a feed {name, data} into a run. The tensor gets the shape of the placeholder.
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

// Reads a fetch into a run. An output that is returned must be float32; a kept value may have any type.
std::string AddFetch(napi_env env, napi_value fetch, bool is_returned, Run* run) {
  std::string name;
  TF_Output output;
  if (!GetString(env, fetch, &name)) return "fetches are names";
  if (!FindOutput(run->session->graph, name, &output)) {
    if (!is_returned || output.oper == nullptr || TF_OperationNumOutputs(output.oper) > 0)
      return "the graph has no value " + name;
    run->targets.push_back(output.oper);
    return "";
  }
  if (is_returned && TF_OperationOutputType(output) != TF_FLOAT) return name + " is not float32";
  run->outputs.push_back(output);
  return "";
}

// The operation that computes an output. Identity operations, which only pass a value on, are skipped.
TF_Operation* OperationOf(TF_Output output) {
  while (std::strcmp(TF_OperationOpType(output.oper), "Identity") == 0) output = TF_OperationInput({output.oper, 0});
  return output.oper;
}

}  // namespace

std::string ReadFeeds(napi_env env, napi_value feeds, Run* run) {
  std::vector<napi_value> list;
  if (!GetArray(env, feeds, &list)) return kUsage;
  for (napi_value feed : list) {
    const std::string error = AddFeed(env, feed, run);
    if (!error.empty()) return error;
  }
  return "";
}

std::string ReadFetches(napi_env env, napi_value fetches, napi_value keeps, Run* run) {
  std::vector<napi_value> returned, kept;
  if (!GetArray(env, fetches, &returned) || (run->keeps && !GetArray(env, keeps, &kept)) ||
      returned.size() + kept.size() == 0)
    return kUsage;
  for (napi_value fetch : returned) {
    const std::string error = AddFetch(env, fetch, true, run);
    if (!error.empty()) return error;
  }
  run->returned = run->outputs.size();
  for (napi_value fetch : kept) {
    const std::string error = AddFetch(env, fetch, false, run);
    if (!error.empty()) return error;
  }
  run->output_tensors.assign(run->outputs.size(), nullptr);
  return "";
}

std::string ReadKept(napi_env env, napi_value value, napi_value names, Run* run) {
  if (IsUndefined(env, value)) return "";
  void* data = nullptr;
  std::vector<napi_value> name_list;
  if (!GetExternal(env, value, &data) || !GetArray(env, names, &name_list)) return "kept values are what begin gave";
  auto* kept = static_cast<Kept*>(data);
  if (kept->tensors.size() != name_list.size()) return "the kept values were used up, or are another unit's";
  for (size_t i = 0; i < name_list.size(); ++i) {
    std::string name;
    TF_Output output;
    if (!GetString(env, name_list[i], &name) || !FindOutput(run->session->graph, name, &output))
      return "the graph has no value " + name;
    run->inputs.push_back(output);
    run->input_tensors.push_back(kept->tensors[i]);
  }
  kept->tensors.clear();
  return "";
}

std::string ReadAccumulation(napi_env env, napi_value onto, Run* run) {
  if (IsUndefined(env, onto)) return "";
  std::vector<napi_value> list;
  if (!GetArray(env, onto, &list)) return "what an output is added to is a list of Float32Arrays";
  run->accumulation = std::make_unique<Accumulation>();
  for (napi_value item : list) {
    Bytes bytes;
    const bool fits = GetBytes(env, item, &bytes) && bytes.type == napi_float32_array &&
                      (run->accumulation->onto.empty() || bytes.size / 4 == run->accumulation->size);
    if (!fits) return "what an output is added to are Float32Arrays of one length";
    run->accumulation->onto.push_back(reinterpret_cast<const float*>(bytes.data));
    run->accumulation->size = bytes.size / 4;
  }
  run->accumulates = run->returned > 0 && run->session->single_concats.count(OperationOf(run->outputs[0])) == 1;
  return "";
}

}  // namespace lstm_gan
