// The operations for convolutions with a 4 x 4 kernel, stride 2 and padding SAME. A bias and a LeakyReLU are applied
// before the result is written. Images of one or three channels have an algorithm of their own (image-convolution.h).
// Winograd's algorithm (winograd.h) computes those other layers whose sizes fit it; products of matrices
// (patch-convolution.h) compute the rest.
#include "kernels/convolutions/image-convolution.h"
#include "kernels/convolutions/patch-convolution.h"
#include "kernels/convolutions/winograd.h"
#include "kernels/kernel.h"

namespace lstm_gan {
namespace {

struct Attributes {
  explicit Attributes(AttributeReader* reader) : alpha(reader->Float("alpha")) {}
  const float alpha;
};

using Shape = std::vector<int64_t>;

constexpr char kTakes[] = "a convolution takes images [B, 2 h, 2 w, C], maps [B, h, w, N] and a kernel [4, 4, C, N]";

enum class Algorithm { kImages, kWinograd, kPatches };

// The sizes of images, maps and kernel. `fits`: the sizes fit each other, and are not zero.
struct Layer {
  bool fits = false;
  Algorithm algorithm = Algorithm::kPatches;
  ImageLayer image{};
  WinogradLayer wide{};

  Layer(const Shape& images, const Shape& maps, const Shape& kernel, bool is_transposed = false) {
    if (images.size() != 4 || maps.size() != 4 || images[0] < 1 || images[1] < 2 || images[2] < 2 ||
        images[1] % 2 != 0 || images[2] % 2 != 0)
      return;
    if (maps != Shape{images[0], images[1] / 2, images[2] / 2, maps[3]} || kernel != Shape{4, 4, images[3], maps[3]})
      return;
    const auto size = [](int64_t length) { return static_cast<size_t>(length); };
    image = {size(maps[0]), size(maps[1]), size(maps[2]), size(images[3]), size(maps[3])};
    wide = {image.batch, image.rows / 2, image.columns / 2, image.channels, image.maps};
    fits = image.channels > 0 && image.maps > 0;
    const bool is_of_images = image.channels == 1 || image.channels == 3, is_whole = image.maps % kPanel == 0;
    if (is_of_images && (is_whole || is_transposed)) algorithm = Algorithm::kImages;
    if (is_whole && image.channels % kPanel == 0 && image.rows % 2 == 0 && image.columns % 2 == 0)
      algorithm = Algorithm::kWinograd;
  }
};

// The activation of a call. The bias, if there is one, is the input after the kernel. Fails the call if the bias does
// not have one value for each of `channels` channels.
Activation ActivationOf(void* data, KernelCall* call, TF_OpKernelContext* context, int64_t channels) {
  Activation activation;
  activation.alpha = static_cast<const Attributes*>(data)->alpha;
  if (TF_NumInputs(context) < 3) return activation;
  TF_Tensor* bias = call->Input(2);
  if (!call->ok()) return activation;
  activation.bias = FloatsOf(bias);
  if (CountOf(bias) != static_cast<size_t>(channels)) call->Fail("a bias has a value for each channel");
  return activation;
}

// The convolution from images to maps, or the transposed one from maps to images.
template <bool kIsTransposed>
void ComputeConvolution(void* data, TF_OpKernelContext* context) {
  KernelCall call(context);
  TF_Tensor* input = call.Input(0);
  TF_Tensor* kernel = call.Input(1);
  if (!call.ok()) return;
  const Shape from = ShapeOf(input), sides = ShapeOf(kernel);
  if (from.size() != 4 || sides.size() != 4) return call.Fail(kTakes);
  const Shape to = kIsTransposed ? Shape{from[0], 2 * from[1], 2 * from[2], sides[2]}
                                 : Shape{from[0], from[1] / 2, from[2] / 2, sides[3]};
  const Layer layer(kIsTransposed ? to : from, kIsTransposed ? from : to, sides, kIsTransposed);
  if (!layer.fits) return call.Fail(kTakes);
  const Activation activation = ActivationOf(data, &call, context, to[3]);
  if (!call.ok()) return;
  auto* result = static_cast<float*>(call.Output(0, TF_FLOAT, to));
  if (!call.ok()) return;
  const float *values = FloatsOf(input), *weights = FloatsOf(kernel);
  switch (layer.algorithm) {
    case Algorithm::kImages:
      return (kIsTransposed ? ConvolveTransposedToImages : ConvolveImages)(layer.image, values, weights, activation,
                                                                           result);
    case Algorithm::kWinograd:
      return (kIsTransposed ? WinogradConvolveTransposed : WinogradConvolve)(layer.wide, values, weights, activation,
                                                                             result);
    case Algorithm::kPatches:
      return (kIsTransposed ? PatchConvolveTransposed : PatchConvolve)(layer.image, values, weights, activation,
                                                                       result);
  }
}

void ComputeKernelGradient(void*, TF_OpKernelContext* context) {
  KernelCall call(context);
  TF_Tensor* images = call.Input(0);
  TF_Tensor* maps = call.Input(1);
  if (!call.ok()) return;
  const Shape from = ShapeOf(images), to = ShapeOf(maps);
  if (from.size() != 4 || to.size() != 4) return call.Fail(kTakes);
  const Shape sides = {4, 4, from[3], to[3]};
  const Layer layer(from, to, sides);
  if (!layer.fits) return call.Fail(kTakes);
  auto* result = static_cast<float*>(call.Output(0, TF_FLOAT, sides));
  if (!call.ok()) return;
  switch (layer.algorithm) {
    case Algorithm::kImages:
      return ImageKernelGradient(layer.image, FloatsOf(images), FloatsOf(maps), result);
    case Algorithm::kWinograd:
      return WinogradKernelGradient(layer.wide, FloatsOf(images), FloatsOf(maps), result);
    case Algorithm::kPatches:
      return PatchKernelGradient(layer.image, FloatsOf(images), FloatsOf(maps), result);
  }
}

}  // namespace

std::string RegisterConvolutions() {
  const std::vector<const char*> attributes = {"N: int >= 0", "alpha: float"};
  std::string error = Register({"LstmGanConvolution",
                                {"images: float", "kernel: float", "biases: N * float"},
                                {"maps: float"},
                                attributes,
                                UnknownShape,
                                CreateWithAttributes<Attributes>,
                                ComputeConvolution<false>,
                                DestroyAttributes<Attributes>});
  if (error.empty()) {
    error = Register({"LstmGanTransposedConvolution",
                      {"maps: float", "kernel: float", "biases: N * float"},
                      {"images: float"},
                      attributes,
                      UnknownShape,
                      CreateWithAttributes<Attributes>,
                      ComputeConvolution<true>,
                      DestroyAttributes<Attributes>});
  }
  if (!error.empty()) return error;
  return Register({"LstmGanKernelGradient",
                   {"images: float", "maps: float"},
                   {"kernel: float"},
                   {},
                   UnknownShape,
                   CreateNothing,
                   ComputeKernelGradient,
                   DestroyNothing});
}

}  // namespace lstm_gan
