// How an operation of ours becomes one of TensorFlow's.
#include "kernels.h"

#include <mutex>

#include "parallel.h"

namespace lstm_gan {

KernelCall::~KernelCall() {
  for (TF_Tensor* tensor : tensors_) TF_DeleteTensor(tensor);
  if (!ok()) TF_OpKernelContext_Failure(context_, status_.value);
}

TF_Tensor* KernelCall::Input(int index) {
  TF_Tensor* tensor = nullptr;
  TF_GetInput(context_, index, &tensor, status_.value);
  if (tensor != nullptr) tensors_.push_back(tensor);
  return tensor;
}

void* KernelCall::Output(int index, TF_DataType type, const std::vector<int64_t>& shape) {
  size_t size = TF_DataTypeSize(type);
  for (int64_t length : shape) size *= static_cast<size_t>(length);
  TF_Tensor* tensor = TF_AllocateOutput(context_, index, type, shape.data(), static_cast<int>(shape.size()), size, status_.value);
  if (tensor == nullptr) return nullptr;
  tensors_.push_back(tensor);
  return TF_TensorData(tensor);
}

void* KernelCall::GiveOutput(int index, TF_Tensor* tensor) {
  if (tensor == nullptr) {
    TF_SetStatus(status_.value, TF_RESOURCE_EXHAUSTED, "no memory for a tensor");
    return nullptr;
  }
  tensors_.push_back(tensor);
  TF_SetOutput(context_, index, tensor, status_.value);
  return TF_TensorData(tensor);
}

void KernelCall::Fail(const std::string& message) { TF_SetStatus(status_.value, TF_INVALID_ARGUMENT, message.c_str()); }

std::vector<int64_t> ShapeOf(const TF_Tensor* tensor) {
  std::vector<int64_t> shape;
  for (int i = 0; i < TF_NumDims(tensor); ++i) shape.push_back(TF_Dim(tensor, i));
  return shape;
}

size_t CountOf(const TF_Tensor* tensor) { return static_cast<size_t>(TF_TensorElementCount(tensor)); }

std::string Register(const Operation& operation) {
  Status status;
  TF_OpDefinitionBuilder* builder = TF_NewOpDefinitionBuilder(operation.name);
  for (const char* attribute : operation.attributes) TF_OpDefinitionBuilderAddAttr(builder, attribute);
  for (const char* input : operation.inputs) TF_OpDefinitionBuilderAddInput(builder, input);
  for (const char* output : operation.outputs) TF_OpDefinitionBuilderAddOutput(builder, output);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(builder, operation.infer_shapes);
  TF_RegisterOpDefinition(builder, status.value);
  if (!status.ok()) return status.message();
  TF_KernelBuilder* kernel = TF_NewKernelBuilder(operation.name, "CPU", operation.create, operation.compute, operation.destroy);
  TF_RegisterKernelBuilder(operation.name, kernel, status.value);
  return status.ok() ? "" : status.message();
}

void ShapesOfFirstInput(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeHandle* shape = TF_NewShapeHandle();
  TF_ShapeInferenceContextGetInput(context, 0, shape, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSetOutput(context, 0, shape, status);
  TF_DeleteShapeHandle(shape);
}

void* CreateNothing(TF_OpKernelConstruction*) { return nullptr; }

void DestroyNothing(void*) {}

void UnknownShape(TF_ShapeInferenceContext* context, TF_Status* status) { TF_ShapeInferenceContextSetUnknownShape(context, status); }

namespace {

// setKernelThreads(threads): how many threads the kernels use, in this process
napi_value SetKernelThreads(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  uint32_t threads = 0;
  if (count != 1 || !GetUint32(env, argument, &threads) || threads < 1) return Throw(env, "ERR_ARGUMENT", "setKernelThreads takes a number from 1");
  SetPieceThreads(threads);
  return nullptr;
}

}  // namespace

void DefineKernels(napi_env env, napi_value exports) {
  // TensorFlow's registry is the process's; Node initializes an addon once for each of its own threads.
  static std::once_flag once;
  static std::string error;
  std::call_once(once, [] {
    for (const auto& operation : {RegisterConvolutions, RegisterDropout, RegisterJoin, RegisterLstmCell, RegisterMatMul, RegisterThinProduct}) {
      if (error.empty()) error = operation();
    }
  });
  if (!error.empty()) {
    Throw(env, "ERR_KERNEL", error);
    return;
  }
  const napi_property_descriptor function = Function("setKernelThreads", SetKernelThreads);
  napi_define_properties(env, exports, 1, &function);
}

}  // namespace lstm_gan
