// Convolutions with a 4 x 4 kernel, stride 2 and padding SAME by Winograd's algorithm F(2 x 2, 2 x 2): 9 products where
// the definition needs 16.
#pragma once

#include <cstddef>

#include "kernels/products.h"

namespace lstm_gan {

// Images [batch, 4 * rows, 4 * columns, channels], maps [batch, 2 * rows, 2 * columns, maps] and a kernel [4, 4,
// channels, maps]. `channels` and `maps` are multiples of kPanel. A tile is 4 x 4 pixels of an image, and the 2 x 2
// pixels of its maps at the same place. An image has rows * columns tiles.
struct WinogradLayer {
  size_t batch, rows, columns, channels, maps;
};

// Each function writes its result to its last argument.
void WinogradConvolve(const WinogradLayer& layer, const float* images, const float* kernel,
                      const Activation& activation, float* maps);
// The transposed convolution. It is also the gradient with respect to the images, from the gradient of the maps.
void WinogradConvolveTransposed(const WinogradLayer& layer, const float* maps, const float* kernel,
                                const Activation& activation, float* images);
// The gradient with respect to the kernel, from the gradient of the maps.
void WinogradKernelGradient(const WinogradLayer& layer, const float* images, const float* maps, float* kernel);

}  // namespace lstm_gan
