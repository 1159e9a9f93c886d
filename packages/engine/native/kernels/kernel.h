// Operations of our own for TensorFlow's graphs, on the CPU, where TensorFlow has no fast kernel, or one
// whose bits depend on the processor or on the number of threads. Core defines what
// each of them computes. `src/graph/record/addon-kernels.ts` and `src/graph/lower` put them into graphs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/status.h"
#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"

namespace lstm_gan {

// One call of a kernel, with its tensors. After an error, `ok` is false, and the destructor reports the error to
// TensorFlow.
class KernelCall {
 public:
  explicit KernelCall(TF_OpKernelContext* context) : context_(context) {}
  ~KernelCall();
  KernelCall(const KernelCall&) = delete;
  KernelCall& operator=(const KernelCall&) = delete;

  bool ok() const { return status_.ok(); }
  TF_Tensor* Input(int index);
  // Allocates an output, and returns its data; null if there is no memory.
  void* Output(int index, TF_DataType type, const std::vector<int64_t>& shape);
  // Sets an output to a tensor that has its own memory. Returns its data; null if `tensor` is null.
  void* SetOutput(int index, TF_Tensor* tensor);
  void Fail(const std::string& message);

 private:
  TF_OpKernelContext* context_;
  Status status_;
  std::vector<TF_Tensor*> tensors_;
};

std::vector<int64_t> ShapeOf(const TF_Tensor* tensor);
size_t CountOf(const TF_Tensor* tensor);
const float* FloatsOf(const TF_Tensor* tensor);

// Reads the attributes of an operation when TensorFlow creates its kernel. The destructor reports an error to
// TensorFlow.
class AttributeReader {
 public:
  explicit AttributeReader(TF_OpKernelConstruction* construction) : construction_(construction) {}
  ~AttributeReader();
  AttributeReader(const AttributeReader&) = delete;
  AttributeReader& operator=(const AttributeReader&) = delete;

  float Float(const char* name);
  bool Bool(const char* name);
  int64_t Int(const char* name);
  void Fail(const std::string& message);

 private:
  TF_OpKernelConstruction* construction_;
  Status status_;
};

// `create` and `destroy` for a kernel with attributes. `Attributes` has a constructor that takes an AttributeReader*.
template <typename Attributes>
void* CreateWithAttributes(TF_OpKernelConstruction* construction) {
  AttributeReader reader(construction);
  return new Attributes(&reader);
}
template <typename Attributes>
void DestroyAttributes(void* attributes) {
  delete static_cast<Attributes*>(attributes);
}

// `create` and `destroy` for a kernel without attributes.
void* CreateNothing(TF_OpKernelConstruction* construction);
void DestroyNothing(void* nothing);

// Gives the first `outputs` outputs the shape of the first input.
void SetFirstInputsShape(TF_ShapeInferenceContext* context, TF_Status* status, int outputs);

// Functions for `infer_shapes`. ShapesOfFirstInput: each of the kOutputs outputs has the shape of the first input.
// UnknownShape: the shape is unknown until the kernel runs.
template <int kOutputs>
void ShapesOfFirstInput(TF_ShapeInferenceContext* context, TF_Status* status) {
  SetFirstInputsShape(context, status, kOutputs);
}
void UnknownShape(TF_ShapeInferenceContext* context, TF_Status* status);

// An operation and its kernel.
struct Operation {
  const char* name;
  std::vector<const char*> inputs, outputs, attributes;
  void (*infer_shapes)(TF_ShapeInferenceContext*, TF_Status*);
  void* (*create)(TF_OpKernelConstruction*);
  void (*compute)(void*, TF_OpKernelContext*);
  void (*destroy)(void*);
};

// Registers an operation with TensorFlow. Returns the error, or an empty string if there is none.
std::string Register(const Operation& operation);

// Each of these functions registers the operations of one file, and returns the error, or an empty string.
std::string RegisterBatchNorm();
std::string RegisterConcatParts();
std::string RegisterConvolutions();
std::string RegisterDropout();
std::string RegisterElementwise();
std::string RegisterLstmCell();
std::string RegisterMatMul();
std::string RegisterRandomNormal();
std::string RegisterSums();
std::string RegisterThinProduct();

}  // namespace lstm_gan
