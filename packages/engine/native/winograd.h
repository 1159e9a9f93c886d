// Convolutions of 4 x 4 in steps of two (SAME) by Winograd's algorithm F(2 x 2, 2 x 2): 9 products where the definition has 16.
#pragma once

#include <cstddef>

#include "products.h"

namespace lstm_gan {

// Images [batch, 4 rows, 4 columns, channels], maps [batch, 2 rows, 2 columns, maps] and a kernel [4, 4, channels, maps]; channels
// and maps are multiples of kPanel.
struct WinogradLayer {
  size_t batch, rows, columns, channels, maps;
};

// Each fills its last argument.
void WinogradConvolve(const WinogradLayer& layer, const float* images, const float* kernel, const Activation& activation, float* maps);
// The transposed convolution, and so the gradient of the images from that of the maps.
void WinogradConvolveTransposed(const WinogradLayer& layer, const float* maps, const float* kernel, const Activation& activation, float* images);
// The gradient of the kernel from that of the maps.
void WinogradKernelGradient(const WinogradLayer& layer, const float* images, const float* maps, float* kernel);

}  // namespace lstm_gan
