// Operations of our own in TensorFlow's graphs, on the CPU: what TensorFlow has no fast kernel for. What each computes, core
// defines; the names that a graph gives them are in native-kernels.ts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "session.h"
#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"

namespace lstm_gan {

// The tensors of one call of a kernel. Whatever goes wrong is told to TensorFlow, and `ok` is false from then on.
class KernelCall {
 public:
  explicit KernelCall(TF_OpKernelContext* context) : context_(context) {}
  ~KernelCall();
  KernelCall(const KernelCall&) = delete;
  KernelCall& operator=(const KernelCall&) = delete;

  bool ok() const { return status_.ok(); }
  TF_Tensor* Input(int index);
  // The new tensor's data; null when there is no memory.
  void* Output(int index, TF_DataType type, const std::vector<int64_t>& shape);
  // Gives this tensor, whose memory is its own, and its data.
  void* GiveOutput(int index, TF_Tensor* tensor);
  void Fail(const std::string& message);

 private:
  TF_OpKernelContext* context_;
  Status status_;
  std::vector<TF_Tensor*> tensors_;
};

std::vector<int64_t> ShapeOf(const TF_Tensor* tensor);
size_t CountOf(const TF_Tensor* tensor);

// An operation and its kernel.
struct Operation {
  const char* name;
  std::vector<const char*> inputs, outputs, attributes;
  void (*infer_shapes)(TF_ShapeInferenceContext*, TF_Status*);
  void* (*create)(TF_OpKernelConstruction*);
  void (*compute)(void*, TF_OpKernelContext*);
  void (*destroy)(void*);
};

// Makes an operation known to TensorFlow; an empty text when all is well.
std::string Register(const Operation& operation);

// Gives every output the shape of the first input.
void ShapesOfFirstInput(TF_ShapeInferenceContext* context, TF_Status* status);
// For kernels without attributes.
void* CreateNothing(TF_OpKernelConstruction* construction);
void DestroyNothing(void* nothing);
void UnknownShape(TF_ShapeInferenceContext* context, TF_Status* status);

std::string RegisterConvolutions();
std::string RegisterDropout();
std::string RegisterJoin();
std::string RegisterLstmCell();
std::string RegisterMatMul();
std::string RegisterThinProduct();

}  // namespace lstm_gan
