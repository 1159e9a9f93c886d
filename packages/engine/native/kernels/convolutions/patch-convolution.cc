#include "kernels/convolutions/patch-convolution.h"

#include <algorithm>

#include "kernels/mat-mul.h"
#include "threads/thread-pool.h"

namespace lstm_gan {
namespace {

constexpr size_t kTaps = 16;

// A product has the patches of several images, so that it has about this many rows: a product of few rows would spend
// its time on copying the kernel.
constexpr size_t kProductRows = 256;

// The number of floats of an image, of its maps, and of a patch; and how many images are computed together.
struct Sizes {
  explicit Sizes(const ImageLayer& layer)
      : places(layer.rows * layer.columns),
        image(4 * places * layer.channels),
        maps(places * layer.maps),
        patch(kTaps * layer.channels),
        images(std::clamp<size_t>(kProductRows / places, 1, layer.batch)) {}
  const size_t places, image, maps, patch, images;
};

// Calls visit(index of a tap's pixel in the patches, index of the pixel in the image) for every tap of every patch of
// an image, where the pixel is inside of the image. An index is that of the pixel's first channel.
template <typename Visit>
void ForEachTap(const ImageLayer& layer, const Visit& visit) {
  const size_t height = 2 * layer.rows, width = 2 * layer.columns;
  for (size_t place = 0; place < layer.rows * layer.columns; ++place) {
    for (size_t tap = 0; tap < kTaps; ++tap) {
      // One more than the pixel's row and column, so that no number is negative.
      const size_t row = 2 * (place / layer.columns) + tap / 4, column = 2 * (place % layer.columns) + tap % 4;
      if (row < 1 || column < 1 || row > height || column > width) continue;
      visit((place * kTaps + tap) * layer.channels, ((row - 1) * width + column - 1) * layer.channels);
    }
  }
}

// Calls compute(first image, number of images) for each group of images, in order.
template <typename Compute>
void ForEachGroup(const ImageLayer& layer, const Sizes& sizes, const Compute& compute) {
  for (size_t first = 0; first < layer.batch; first += sizes.images)
    compute(first, std::min(sizes.images, layer.batch - first));
}

// Copies the patches of images to [images][places][4][4][channels]. Pixels outside of an image are zeros.
void CopyPatches(const ImageLayer& layer, const float* images, size_t count, float* patches) {
  const Sizes sizes(layer);
  ForEachPiece(count, [&](size_t i) {
    const float* image = images + i * sizes.image;
    float* target = patches + i * sizes.places * sizes.patch;
    std::fill_n(target, sizes.places * sizes.patch, 0.0f);
    ForEachTap(layer, [&](size_t tap, size_t pixel) { std::copy_n(image + pixel, layer.channels, target + tap); });
  });
}

void Activate(const Activation& activation, size_t channels, size_t pixels, float* values) {
  for (size_t i = 0; i < pixels; ++i) {
    for (size_t c = 0; c < channels; ++c) values[i * channels + c] = activation.Of(values[i * channels + c], c);
  }
}

}  // namespace

void PatchConvolve(const ImageLayer& layer, const float* images, const float* kernel, const Activation& activation,
                   float* maps) {
  const Sizes sizes(layer);
  const Aligned patches(sizes.images * sizes.places * sizes.patch);
  ForEachGroup(layer, sizes, [&](size_t first, size_t count) {
    float* result = maps + first * sizes.maps;
    CopyPatches(layer, images + first * sizes.image, count, patches.data);
    MultiplyMatrices({patches.data, sizes.patch, 1}, {kernel, layer.maps, 1}, count * sizes.places, sizes.patch,
                     layer.maps, result);
    ForEachPiece(count, [&](size_t i) { Activate(activation, layer.maps, sizes.places, result + i * sizes.maps); });
  });
}

void PatchConvolveTransposed(const ImageLayer& layer, const float* maps, const float* kernel,
                             const Activation& activation, float* images) {
  const Sizes sizes(layer);
  const Aligned patches(sizes.images * sizes.places * sizes.patch);
  ForEachGroup(layer, sizes, [&](size_t first, size_t count) {
    MultiplyMatrices({maps + first * sizes.maps, layer.maps, 1}, {kernel, 1, layer.maps}, count * sizes.places,
                     layer.maps, sizes.patch, patches.data);
    ForEachPiece(count, [&](size_t i) {
      const float* source = patches.data + i * sizes.places * sizes.patch;
      float* image = images + (first + i) * sizes.image;
      std::fill_n(image, sizes.image, 0.0f);
      ForEachTap(layer, [&](size_t tap, size_t pixel) {
        for (size_t c = 0; c < layer.channels; ++c) image[pixel + c] += source[tap + c];
      });
      Activate(activation, layer.channels, 4 * sizes.places, image);
    });
  });
}

void PatchKernelGradient(const ImageLayer& layer, const float* images, const float* maps, float* kernel) {
  const Sizes sizes(layer);
  const size_t size = sizes.patch * layer.maps;
  const Aligned patches(sizes.images * sizes.places * sizes.patch), part(size);
  std::fill_n(kernel, size, 0.0f);
  ForEachGroup(layer, sizes, [&](size_t first, size_t count) {
    CopyPatches(layer, images + first * sizes.image, count, patches.data);
    MultiplyMatrices({patches.data, 1, sizes.patch}, {maps + first * sizes.maps, layer.maps, 1}, sizes.patch,
                     count * sizes.places, layer.maps, part.data);
    for (size_t i = 0; i < size; ++i) kernel[i] += part.data[i];
  });
}

}  // namespace lstm_gan
