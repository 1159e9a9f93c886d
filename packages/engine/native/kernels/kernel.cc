#include "kernels/kernel.h"

#include <mutex>

#include "addon.h"
#include "javascript/values.h"
#include "threads/thread-pool.h"

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
  TF_Tensor* tensor =
      TF_AllocateOutput(context_, index, type, shape.data(), static_cast<int>(shape.size()), size, status_.value);
  if (tensor == nullptr) return nullptr;
  tensors_.push_back(tensor);
  return TF_TensorData(tensor);
}

void* KernelCall::SetOutput(int index, TF_Tensor* tensor) {
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

const float* FloatsOf(const TF_Tensor* tensor) { return static_cast<const float*>(TF_TensorData(tensor)); }

AttributeReader::~AttributeReader() {
  if (!status_.ok()) TF_OpKernelConstruction_Failure(construction_, status_.value);
}

float AttributeReader::Float(const char* name) {
  float value = 0;
  if (status_.ok()) TF_OpKernelConstruction_GetAttrFloat(construction_, name, &value, status_.value);
  return value;
}

bool AttributeReader::Bool(const char* name) {
  unsigned char value = 0;
  if (status_.ok()) TF_OpKernelConstruction_GetAttrBool(construction_, name, &value, status_.value);
  return value != 0;
}

int64_t AttributeReader::Int(const char* name) {
  int64_t value = 0;
  if (status_.ok()) TF_OpKernelConstruction_GetAttrInt64(construction_, name, &value, status_.value);
  return value;
}

void AttributeReader::Fail(const std::string& message) {
  if (status_.ok()) TF_SetStatus(status_.value, TF_INVALID_ARGUMENT, message.c_str());
}

std::string Register(const Operation& operation) {
  Status status;
  TF_OpDefinitionBuilder* builder = TF_NewOpDefinitionBuilder(operation.name);
  for (const char* attribute : operation.attributes) TF_OpDefinitionBuilderAddAttr(builder, attribute);
  for (const char* input : operation.inputs) TF_OpDefinitionBuilderAddInput(builder, input);
  for (const char* output : operation.outputs) TF_OpDefinitionBuilderAddOutput(builder, output);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(builder, operation.infer_shapes);
  TF_RegisterOpDefinition(builder, status.value);
  if (!status.ok()) return status.message();
  TF_KernelBuilder* kernel =
      TF_NewKernelBuilder(operation.name, "CPU", operation.create, operation.compute, operation.destroy);
  TF_RegisterKernelBuilder(operation.name, kernel, status.value);
  return status.ok() ? "" : status.message();
}

void SetFirstInputsShape(TF_ShapeInferenceContext* context, TF_Status* status, int outputs) {
  TF_ShapeHandle* shape = TF_NewShapeHandle();
  TF_ShapeInferenceContextGetInput(context, 0, shape, status);
  for (int output = 0; output < outputs && TF_GetCode(status) == TF_OK; ++output) {
    TF_ShapeInferenceContextSetOutput(context, output, shape, status);
  }
  TF_DeleteShapeHandle(shape);
}

void* CreateNothing(TF_OpKernelConstruction*) { return nullptr; }

void DestroyNothing(void*) {}

void UnknownShape(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeInferenceContextSetUnknownShape(context, status);
}

namespace {

// setKernelThreads(threads)
napi_value SetKernelThreads(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  uint32_t threads = 0;
  if (!GetUint32(env, arguments[0], &threads) || threads < 1)
    return Throw(env, "ERR_ARGUMENT", "setKernelThreads takes a number from 1");
  SetPieceThreads(threads);
  return nullptr;
}

}  // namespace

void DefineKernels(napi_env env, napi_value exports) {
  // Node calls DefineKernels once for each of its threads. The operations are registered only once, because TensorFlow
  // has one registry for the whole process.
  static std::once_flag once;
  static std::string error;
  std::call_once(once, [] {
    for (const auto& operation :
         {RegisterBatchNorm, RegisterConcatParts, RegisterConvolutions, RegisterDropout, RegisterElementwise,
          RegisterLstmCell, RegisterMatMul, RegisterRandomNormal, RegisterSums, RegisterThinProduct}) {
      if (error.empty()) error = operation();
    }
  });
  if (!error.empty()) {
    Throw(env, "ERR_KERNEL", error);
    return;
  }
  DefineFunctions(env, exports, {Function("setKernelThreads", SetKernelThreads)});
}

}  // namespace lstm_gan
