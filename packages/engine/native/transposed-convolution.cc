// The transposed convolution to an image of one or three channels, kernel 4 x 4, stride 2, SAME: oneDNN computes 16 channels of
// which the others are thrown away. Every place adds a piece of 4 x 4 pixels to the output; the pieces of a few places are
// computed at once. An image's sums run in one order, so the bits do not depend on threads.
#include <algorithm>

#include "kernels.h"
#include "parallel.h"
#include "vectors.h"

namespace lstm_gan {
namespace {

constexpr size_t kSide = 4, kStride = 2, kBorder = 1;

struct Shapes {
  size_t height, width, inputs;  // of the smaller image
};

// The pieces of places [first, first + kPlaces) of a row: [place][4, 4, kOutputs], each kOutputs lanes.
template <size_t kOutputs, size_t kPlaces>
LSTM_GAN_INLINE void ComputePieces(const float* places, const float* kernel, size_t inputs, float* pieces) {
  Lane piece[kPlaces][kOutputs] = {};
  for (size_t c = 0; c < inputs; ++c) {
    Lane weights[kOutputs];
#pragma GCC unroll 4
    for (size_t l = 0; l < kOutputs; ++l) weights[l] = *reinterpret_cast<const Lane*>(kernel + (c * kOutputs + l) * kLane);
#pragma GCC unroll 16
    for (size_t p = 0; p < kPlaces; ++p) {
#pragma GCC unroll 4
      for (size_t l = 0; l < kOutputs; ++l) piece[p][l] += weights[l] * places[p * inputs + c];
    }
  }
#pragma GCC unroll 16
  for (size_t p = 0; p < kPlaces; ++p) {
#pragma GCC unroll 4
    for (size_t l = 0; l < kOutputs; ++l) *reinterpret_cast<Lane*>(pieces + (p * kOutputs + l) * kLane) = piece[p][l];
  }
}

// Adds a piece to an image with a border of one pixel, whose rows have `stride` floats.
template <size_t kOutputs>
LSTM_GAN_INLINE void AddPiece(const float* piece, float* corner, size_t stride) {
  constexpr size_t kRow = kSide * kOutputs;
  for (size_t k = 0; k < kSide; ++k) {
    for (size_t i = 0; i < kRow; ++i) corner[k * stride + i] += piece[k * kRow + i];
  }
}

// One image [height, width, inputs] to one with a border, [2 height + 2, 2 width + 2, kOutputs], which holds zeros.
template <size_t kOutputs, size_t kPlaces>
LSTM_GAN_INLINE void ConvolveImage(const Shapes& shapes, const float* image, const float* kernel, float* bordered) {
  const size_t stride = (kStride * shapes.width + 2 * kBorder) * kOutputs;
  alignas(64) float pieces[kPlaces * kOutputs * kLane];
  for (size_t h = 0; h < shapes.height; ++h) {
    const float* row = image + h * shapes.width * shapes.inputs;
    float* corner = bordered + kStride * h * stride;
    size_t w = 0;
    for (; w + kPlaces <= shapes.width; w += kPlaces) {
      ComputePieces<kOutputs, kPlaces>(row + w * shapes.inputs, kernel, shapes.inputs, pieces);
      for (size_t p = 0; p < kPlaces; ++p) AddPiece<kOutputs>(pieces + p * kOutputs * kLane, corner + kStride * (w + p) * kOutputs, stride);
    }
    for (; w < shapes.width; ++w) {
      ComputePieces<kOutputs, 1>(row + w * shapes.inputs, kernel, shapes.inputs, pieces);
      AddPiece<kOutputs>(pieces, corner + kStride * w * kOutputs, stride);
    }
  }
}

using Convolve = void (*)(const Shapes&, const float*, const float*, float*);

// As many places at once as the processor's registers hold.
LSTM_GAN_AVX512 void Gray512(const Shapes& s, const float* image, const float* kernel, float* bordered) { ConvolveImage<1, 16>(s, image, kernel, bordered); }
LSTM_GAN_AVX2 void Gray256(const Shapes& s, const float* image, const float* kernel, float* bordered) { ConvolveImage<1, 4>(s, image, kernel, bordered); }
void GrayAny(const Shapes& s, const float* image, const float* kernel, float* bordered) { ConvolveImage<1, 2>(s, image, kernel, bordered); }
LSTM_GAN_AVX512 void Colour512(const Shapes& s, const float* image, const float* kernel, float* bordered) { ConvolveImage<3, 8>(s, image, kernel, bordered); }
LSTM_GAN_AVX2 void Colour256(const Shapes& s, const float* image, const float* kernel, float* bordered) { ConvolveImage<3, 2>(s, image, kernel, bordered); }
void ColourAny(const Shapes& s, const float* image, const float* kernel, float* bordered) { ConvolveImage<3, 1>(s, image, kernel, bordered); }

Convolve ConvolveFor(size_t outputs) {
  return outputs == 1 ? ForProcessor(Gray512, Gray256, GrayAny) : ForProcessor(Colour512, Colour256, ColourAny);
}

// image [B, H, W, in] and kernel [4, 4, out, in] to [B, 2H, 2W, out]
void Compute(void*, TF_OpKernelContext* context) {
  KernelCall call(context);
  TF_Tensor* image = call.Input(0);
  TF_Tensor* kernel = call.Input(1);
  if (!call.ok()) return;
  const std::vector<int64_t> from = ShapeOf(image), sides = ShapeOf(kernel);
  if (from.size() != 4 || sides.size() != 4 || sides[0] != kSide || sides[1] != kSide || (sides[2] != 1 && sides[2] != 3) || sides[3] != from[3]) {
    return call.Fail("this transposed convolution takes images [B, H, W, in] and a kernel [4, 4, 1 or 3, in]");
  }
  const auto outputs = static_cast<size_t>(sides[2]);
  const Shapes shapes{static_cast<size_t>(from[1]), static_cast<size_t>(from[2]), static_cast<size_t>(from[3])};
  const size_t height = kStride * shapes.height, width = kStride * shapes.width, stride = (width + 2 * kBorder) * outputs;
  auto* result = static_cast<float*>(call.Output(0, TF_FLOAT, {from[0], static_cast<int64_t>(height), static_cast<int64_t>(width), sides[2]}));
  if (!call.ok()) return;
  const size_t piece = kSide * kSide * outputs;
  const Aligned packed(shapes.inputs * piece);  // [in][4, 4, out]
  const auto* weights = static_cast<const float*>(TF_TensorData(kernel));
  for (size_t i = 0; i < piece; ++i) {
    for (size_t c = 0; c < shapes.inputs; ++c) packed.data[c * piece + i] = weights[i * shapes.inputs + c];
  }
  const auto* images = static_cast<const float*>(TF_TensorData(image));
  const Convolve convolve = ConvolveFor(outputs);
  ForEachPiece(static_cast<size_t>(from[0]), [&](size_t b) {
    const Aligned bordered((height + 2 * kBorder) * stride);
    std::fill_n(bordered.data, (height + 2 * kBorder) * stride, 0.0f);
    convolve(shapes, images + b * shapes.height * shapes.width * shapes.inputs, packed.data, bordered.data);
    for (size_t i = 0; i < height; ++i) {
      std::copy_n(bordered.data + (i + kBorder) * stride + kBorder * outputs, width * outputs, result + (b * height + i) * width * outputs);
    }
  });
}

}  // namespace

std::string RegisterTransposedConvolution() {
  return Register({"LstmGanTransposedConvolution", {"images: float", "kernel: float"}, {"result: float"}, {}, UnknownShape, CreateNothing, Compute, DestroyNothing});
}

}  // namespace lstm_gan
