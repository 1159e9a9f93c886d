// Winograd's convolutions as operations: that to maps and the transposed one with a bias and a LeakyReLU behind them, so that their
// results are written once.
#include "kernels.h"
#include "winograd.h"

namespace lstm_gan {
namespace {

struct Attributes {
  float alpha = 1;
};

void* Create(TF_OpKernelConstruction* construction) {
  Status status;
  auto* attributes = new Attributes;
  TF_OpKernelConstruction_GetAttrFloat(construction, "alpha", &attributes->alpha, status.value);
  if (!status.ok()) TF_OpKernelConstruction_Failure(construction, status.value);
  return attributes;
}

void Destroy(void* attributes) { delete static_cast<Attributes*>(attributes); }

const float* DataOf(TF_Tensor* tensor) { return static_cast<const float*>(TF_TensorData(tensor)); }

// What images [B, 4 rows, 4 columns, channels] and maps [B, 2 rows, 2 columns, maps] make; false where they do not fit.
bool LayerOf(const std::vector<int64_t>& images, const std::vector<int64_t>& maps, WinogradLayer* layer) {
  if (images.size() != 4 || maps.size() != 4) return false;
  const bool fits = images[0] == maps[0] && images[1] == 2 * maps[1] && images[2] == 2 * maps[2] && images[1] % 4 == 0 && images[2] % 4 == 0;
  if (!fits || images[3] % kWinogradGrain != 0 || maps[3] % kWinogradGrain != 0) return false;
  const auto size = [](int64_t length) { return static_cast<size_t>(length); };
  *layer = {size(images[0]), size(images[1] / 4), size(images[2] / 4), size(images[3]), size(maps[3])};
  return true;
}

bool IsKernelOf(const WinogradLayer& layer, const std::vector<int64_t>& shape) {
  return shape == std::vector<int64_t>{4, 4, static_cast<int64_t>(layer.channels), static_cast<int64_t>(layer.maps)};
}

constexpr char kTakes[] = "a Winograd convolution takes images [B, 4 h, 4 w, C], maps [B, 2 h, 2 w, N] and a kernel [4, 4, C, N]; C and N are multiples of 32";

// The activation of `channels` channels from the inputs behind the kernel; false when a bias does not fit.
bool ActivationOf(void* data, KernelCall* call, TF_OpKernelContext* context, size_t channels, WinogradActivation* activation) {
  activation->alpha = static_cast<const Attributes*>(data)->alpha;
  if (TF_NumInputs(context) < 3) return true;
  TF_Tensor* bias = call->Input(2);
  if (!call->ok()) return false;
  activation->bias = DataOf(bias);
  if (CountOf(bias) == channels) return true;
  call->Fail("a bias has a value for each channel");
  return false;
}

void ComputeConvolution(void* data, TF_OpKernelContext* context) {
  KernelCall call(context);
  TF_Tensor* images = call.Input(0);
  TF_Tensor* kernel = call.Input(1);
  if (!call.ok()) return;
  const std::vector<int64_t> from = ShapeOf(images), sides = ShapeOf(kernel);
  if (from.size() != 4 || sides.size() != 4) return call.Fail(kTakes);
  const std::vector<int64_t> to = {from[0], from[1] / 2, from[2] / 2, sides[3]};
  WinogradLayer layer;
  WinogradActivation activation;
  if (!LayerOf(from, to, &layer) || !IsKernelOf(layer, sides)) return call.Fail(kTakes);
  if (!ActivationOf(data, &call, context, layer.maps, &activation)) return;
  auto* result = static_cast<float*>(call.Output(0, TF_FLOAT, to));
  if (call.ok()) WinogradConvolve(layer, DataOf(images), DataOf(kernel), activation, result);
}

void ComputeTransposed(void* data, TF_OpKernelContext* context) {
  KernelCall call(context);
  TF_Tensor* maps = call.Input(0);
  TF_Tensor* kernel = call.Input(1);
  if (!call.ok()) return;
  const std::vector<int64_t> from = ShapeOf(maps), sides = ShapeOf(kernel);
  if (from.size() != 4 || sides.size() != 4) return call.Fail(kTakes);
  const std::vector<int64_t> to = {from[0], 2 * from[1], 2 * from[2], sides[2]};
  WinogradLayer layer;
  WinogradActivation activation;
  if (!LayerOf(to, from, &layer) || !IsKernelOf(layer, sides)) return call.Fail(kTakes);
  if (!ActivationOf(data, &call, context, layer.channels, &activation)) return;
  auto* result = static_cast<float*>(call.Output(0, TF_FLOAT, to));
  if (call.ok()) WinogradConvolveTransposed(layer, DataOf(maps), DataOf(kernel), activation, result);
}

void ComputeKernelGradient(void*, TF_OpKernelContext* context) {
  KernelCall call(context);
  TF_Tensor* images = call.Input(0);
  TF_Tensor* maps = call.Input(1);
  if (!call.ok()) return;
  WinogradLayer layer;
  if (!LayerOf(ShapeOf(images), ShapeOf(maps), &layer)) return call.Fail(kTakes);
  auto* result = static_cast<float*>(call.Output(0, TF_FLOAT, {4, 4, static_cast<int64_t>(layer.channels), static_cast<int64_t>(layer.maps)}));
  if (call.ok()) WinogradKernelGradient(layer, DataOf(images), DataOf(maps), result);
}

}  // namespace

std::string RegisterConvolutions() {
  const std::vector<const char*> attributes = {"N: int >= 0", "alpha: float"};
  std::string error = Register({"LstmGanWinogradConvolution", {"images: float", "kernel: float", "biases: N * float"}, {"maps: float"}, attributes, UnknownShape,
                                Create, ComputeConvolution, Destroy});
  if (error.empty()) {
    error = Register({"LstmGanWinogradTransposedConvolution", {"maps: float", "kernel: float", "biases: N * float"}, {"images: float"}, attributes, UnknownShape,
                      Create, ComputeTransposed, Destroy});
  }
  if (!error.empty()) return error;
  return Register({"LstmGanWinogradKernelGradient", {"images: float", "maps: float"}, {"kernel: float"}, {}, UnknownShape, CreateNothing, ComputeKernelGradient,
                   DestroyNothing});
}

}  // namespace lstm_gan
