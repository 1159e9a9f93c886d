// A patch is the pixels under the kernel at one position. The convolution of an image is a matrix product: its patches
// (each is a row of the matrix) times the kernel. A piece of work is one image. Sums over images are added in the order
// of the images, so the bits do not depend on the number of threads.
#include "kernels/convolutions/image-convolution.h"

#include <algorithm>

#include "kernels/vectors.h"
#include "threads/thread-pool.h"

namespace lstm_gan {
namespace {

constexpr size_t kSide = 4, kStride = 2, kBorder = 1;
constexpr size_t kPixels = 64;  // the gradient of the kernel is summed over this many pixels at a time

struct Work {
  const ImageLayer& layer;
  const float* images;
  const float* factors;  // the kernel as panels [maps / kPanel][patch][kPanel], or the gradient of the maps
  const Activation& activation;
  float* result;
};

constexpr size_t PatchSize(size_t channels) { return kSide * kSide * channels; }

// An image with a border of zeros.
struct Bordered : Aligned {
  Bordered(const Work& work, size_t image)
      : Aligned((kStride * work.layer.rows + 2 * kBorder) * Stride(work.layer)), stride(Stride(work.layer)) {
    const size_t height = kStride * work.layer.rows, row = kStride * work.layer.columns * work.layer.channels,
                 border = kBorder * work.layer.channels;
    std::fill_n(data, stride, 0.0f);
    for (size_t y = 0; y < height; ++y) {
      float* target = data + (y + kBorder) * stride;
      std::fill_n(target, border, 0.0f);
      std::copy_n(work.images + (image * height + y) * row, row, target + border);
      std::fill_n(target + border + row, border, 0.0f);
    }
    std::fill_n(data + (height + kBorder) * stride, stride, 0.0f);
  }
  static size_t Stride(const ImageLayer& layer) { return (kStride * layer.columns + 2 * kBorder) * layer.channels; }

  const size_t stride;
};

// Copies the patches that give `count` pixels of the maps, from pixel `first` on: [count][4, 4, channels].
LSTM_GAN_INLINE void CopyPatches(const Bordered& image, const ImageLayer& layer, size_t first, size_t count,
                                 float* patches) {
  const size_t row = kSide * layer.channels;
  for (size_t p = 0; p < count; ++p) {
    const float* corner = image.data + (first + p) / layer.columns * kStride * image.stride +
                          (first + p) % layer.columns * kStride * layer.channels;
    for (size_t k = 0; k < kSide; ++k) {
      // Four floats at a time: calling memcpy takes longer than copying so few floats.
      for (size_t i = 0; i < row; i += kSide)
        *AnyProcessor::AtLoose(patches + (p * kSide + k) * row + i) =
            *AnyProcessor::AtLoose(corner + k * image.stride + i);
    }
  }
}

template <typename P>
LSTM_GAN_INLINE void Convolve(const Work& work, size_t index) {
  const ImageLayer& layer = work.layer;
  const size_t pixels = layer.rows * layer.columns, patch = PatchSize(layer.channels);
  const Bordered image(work, index);
  alignas(64) float patches[kStrip * PatchSize(3)] = {}, sums[kStrip][kPanel];
  for (size_t first = 0; first < pixels; first += kStrip) {
    const size_t count = std::min(kStrip, pixels - first);
    CopyPatches(image, layer, first, count, patches);
    for (size_t n = 0; n < layer.maps; n += kPanel) {
      Multiply<P>(patches, patch, 1, work.factors + n * patch, kPanel, patch, count, sums);
      for (size_t r = 0; r < count; ++r) {
        float* target = work.result + (index * pixels + first + r) * layer.maps + n;
        for (size_t i = 0; i < kPanel; i += P::kWidth)
          WriteActivated<P>(work.activation, n + i, *P::At(sums[r] + i), target + i);
      }
    }
  }
}

// Writes one image's part of the kernel's gradient: [patch][maps].
template <typename P>
LSTM_GAN_INLINE void ComputeKernelGradient(const Work& work, size_t index) {
  const ImageLayer& layer = work.layer;
  const size_t pixels = layer.rows * layer.columns, patch = PatchSize(layer.channels);
  const Bordered image(work, index);
  alignas(64) float patches[kPixels * PatchSize(3)], sums[kStrip][kPanel];
  float* part = work.result + index * patch * layer.maps;
  std::fill_n(part, patch * layer.maps, 0.0f);
  for (size_t first = 0; first < pixels; first += kPixels) {
    const size_t count = std::min(kPixels, pixels - first);
    CopyPatches(image, layer, first, count, patches);
    for (size_t n = 0; n < layer.maps; n += kPanel) {
      for (size_t k = 0; k < patch; k += kStrip) {
        Multiply<P>(patches + k, 1, patch, work.factors + (index * pixels + first) * layer.maps + n, layer.maps, count,
                    kStrip, sums);
        for (size_t r = 0; r < kStrip; ++r) {
          for (size_t i = 0; i < kPanel; i += P::kWidth)
            *P::AtLoose(part + (k + r) * layer.maps + n + i) += *P::At(sums[r] + i);
        }
      }
    }
  }
}

LSTM_GAN_AVX512 void Convolve512(const Work& work, size_t index) { Convolve<Avx512>(work, index); }
LSTM_GAN_AVX2 void Convolve256(const Work& work, size_t index) { Convolve<Avx2>(work, index); }
void ConvolveAny(const Work& work, size_t index) { Convolve<AnyProcessor>(work, index); }
LSTM_GAN_AVX512 void Gradient512(const Work& work, size_t index) { ComputeKernelGradient<Avx512>(work, index); }
LSTM_GAN_AVX2 void Gradient256(const Work& work, size_t index) { ComputeKernelGradient<Avx2>(work, index); }
void GradientAny(const Work& work, size_t index) { ComputeKernelGradient<AnyProcessor>(work, index); }

}  // namespace

void ConvolveImages(const ImageLayer& layer, const float* images, const float* kernel, const Activation& activation,
                    float* maps) {
  const size_t patch = PatchSize(layer.channels);
  const Aligned packed(patch * layer.maps);
  for (size_t n = 0; n < layer.maps; n += kPanel) {
    for (size_t k = 0; k < patch; ++k)
      std::copy_n(kernel + k * layer.maps + n, kPanel, packed.data + (n / kPanel * patch + k) * kPanel);
  }
  const auto convolve = ForProcessor(Convolve512, Convolve256, ConvolveAny);
  ForEachPiece(layer.batch, [&](size_t image) { convolve({layer, images, packed.data, activation, maps}, image); });
}

void ImageKernelGradient(const ImageLayer& layer, const float* images, const float* maps, float* kernel) {
  const size_t size = PatchSize(layer.channels) * layer.maps;
  const Aligned parts(layer.batch * size);
  const auto compute = ForProcessor(Gradient512, Gradient256, GradientAny);
  ForEachPiece(layer.batch, [&](size_t image) { compute({layer, images, maps, {}, parts.data}, image); });
  std::copy_n(parts.data, size, kernel);
  for (size_t image = 1; image < layer.batch; ++image) {
    for (size_t i = 0; i < size; ++i) kernel[i] += parts.data[image * size + i];
  }
}

}  // namespace lstm_gan
