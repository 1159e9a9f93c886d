// The transposed convolution to images of one or three channels. (oneDNN would compute 16 channels and discard all but
// one or three.) Every position of the maps adds a piece of 4 x 4 pixels to the image. The pieces of several positions
// are computed together. The pieces of an image are added in a fixed order, so the bits do not depend on the number of
// threads.
#include <algorithm>

#include "kernels/convolutions/image-convolution.h"
#include "kernels/vectors.h"
#include "threads/thread-pool.h"

namespace lstm_gan {
namespace {

constexpr size_t kSide = 4, kStride = 2, kBorder = 1;

// Computes the pieces [4, 4, kOutputs] of kPlaces neighbouring positions in a row of the maps. kVectors vectors of each
// piece are summed at a time.
template <typename P, size_t kOutputs, size_t kPlaces, size_t kVectors>
LSTM_GAN_INLINE void ComputePieces(const float* places, const float* kernel, size_t inputs, float* pieces) {
  constexpr size_t kPiece = kSide * kSide * kOutputs;
  for (size_t first = 0; first < kPiece; first += kVectors * P::kWidth) {
    typename P::Vector piece[kPlaces][kVectors] = {};
    for (size_t c = 0; c < inputs; ++c) {
      typename P::Vector weights[kVectors];
#pragma GCC unroll 4
      for (size_t v = 0; v < kVectors; ++v) weights[v] = *P::AtLoose(kernel + c * kPiece + first + v * P::kWidth);
#pragma GCC unroll 16
      for (size_t p = 0; p < kPlaces; ++p) {
#pragma GCC unroll 4
        for (size_t v = 0; v < kVectors; ++v) piece[p][v] += weights[v] * places[p * inputs + c];
      }
    }
#pragma GCC unroll 16
    for (size_t p = 0; p < kPlaces; ++p) {
#pragma GCC unroll 4
      for (size_t v = 0; v < kVectors; ++v) *P::At(pieces + p * kPiece + first + v * P::kWidth) = piece[p][v];
    }
  }
}

// Adds a piece to an image that has a border of one pixel. `stride` is the number of floats of a row of the image.
template <size_t kOutputs>
LSTM_GAN_INLINE void AddPiece(const float* piece, float* corner, size_t stride) {
  constexpr size_t kRow = kSide * kOutputs;
  for (size_t k = 0; k < kSide; ++k) {
    for (size_t i = 0; i < kRow; ++i) corner[k * stride + i] += piece[k * kRow + i];
  }
}

// Computes an image with a border, [2 * rows + 2, 2 * columns + 2, kOutputs], from maps [rows, columns, maps]. The
// image must hold zeros before the call.
template <typename P, size_t kOutputs, size_t kPlaces, size_t kVectors>
LSTM_GAN_INLINE void ConvolveImage(const ImageLayer& layer, const float* maps, const float* kernel, float* bordered) {
  const size_t stride = (kStride * layer.columns + 2 * kBorder) * kOutputs;
  constexpr size_t kPiece = kSide * kSide * kOutputs;
  alignas(64) float pieces[kPlaces * kPiece];
  for (size_t h = 0; h < layer.rows; ++h) {
    const float* row = maps + h * layer.columns * layer.maps;
    float* corner = bordered + kStride * h * stride;
    size_t w = 0;
    for (; w + kPlaces <= layer.columns; w += kPlaces) {
      ComputePieces<P, kOutputs, kPlaces, kVectors>(row + w * layer.maps, kernel, layer.maps, pieces);
      for (size_t p = 0; p < kPlaces; ++p)
        AddPiece<kOutputs>(pieces + p * kPiece, corner + kStride * (w + p) * kOutputs, stride);
    }
    for (; w < layer.columns; ++w) {
      ComputePieces<P, kOutputs, 1, kVectors>(row + w * layer.maps, kernel, layer.maps, pieces);
      AddPiece<kOutputs>(pieces, corner + kStride * w * kOutputs, stride);
    }
  }
}

using Convolve = void (*)(const ImageLayer&, const float*, const float*, float*);

// Each of these functions computes as many positions together as the processor's registers hold.
LSTM_GAN_AVX512 void Gray512(const ImageLayer& l, const float* maps, const float* kernel, float* bordered) {
  ConvolveImage<Avx512, 1, 16, 1>(l, maps, kernel, bordered);
}
LSTM_GAN_AVX2 void Gray256(const ImageLayer& l, const float* maps, const float* kernel, float* bordered) {
  ConvolveImage<Avx2, 1, 8, 1>(l, maps, kernel, bordered);
}
void GrayAny(const ImageLayer& l, const float* maps, const float* kernel, float* bordered) {
  ConvolveImage<AnyProcessor, 1, 8, 1>(l, maps, kernel, bordered);
}
LSTM_GAN_AVX512 void Colour512(const ImageLayer& l, const float* maps, const float* kernel, float* bordered) {
  ConvolveImage<Avx512, 3, 8, 3>(l, maps, kernel, bordered);
}
LSTM_GAN_AVX2 void Colour256(const ImageLayer& l, const float* maps, const float* kernel, float* bordered) {
  ConvolveImage<Avx2, 3, 8, 1>(l, maps, kernel, bordered);
}
void ColourAny(const ImageLayer& l, const float* maps, const float* kernel, float* bordered) {
  ConvolveImage<AnyProcessor, 3, 8, 1>(l, maps, kernel, bordered);
}

Convolve ConvolveFor(size_t outputs) {
  return outputs == 1 ? ForProcessor(Gray512, Gray256, GrayAny) : ForProcessor(Colour512, Colour256, ColourAny);
}

}  // namespace

void ConvolveTransposedToImages(const ImageLayer& layer, const float* maps, const float* kernel,
                                const Activation& activation, float* images) {
  const size_t outputs = layer.channels, height = kStride * layer.rows, width = kStride * layer.columns,
               stride = (width + 2 * kBorder) * outputs;
  const size_t piece = kSide * kSide * outputs;
  const Aligned packed(layer.maps * piece);  // [maps][4, 4, outputs]
  for (size_t i = 0; i < piece; ++i) {
    for (size_t n = 0; n < layer.maps; ++n) packed.data[n * piece + i] = kernel[i * layer.maps + n];
  }
  const Convolve convolve = ConvolveFor(outputs);
  ForEachPiece(layer.batch, [&](size_t b) {
    const Aligned bordered((height + 2 * kBorder) * stride);
    std::fill_n(bordered.data, (height + 2 * kBorder) * stride, 0.0f);
    convolve(layer, maps + b * layer.rows * layer.columns * layer.maps, packed.data, bordered.data);
    for (size_t i = 0; i < height; ++i) {
      const float* source = bordered.data + (i + kBorder) * stride + kBorder * outputs;
      float* target = images + (b * height + i) * width * outputs;
      for (size_t k = 0; k < width * outputs; k += outputs) {
        for (size_t c = 0; c < outputs; ++c) target[k + c] = activation.Of(source[k + c], c);
      }
    }
  });
}

}  // namespace lstm_gan
