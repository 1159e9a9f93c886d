// Convolutions of 4 x 4 in steps of two (SAME) of images of one or three channels, too few for kernels that go by channels.
#pragma once

#include <cstddef>

#include "products.h"

namespace lstm_gan {

// Images [batch, 2 rows, 2 columns, channels], maps [batch, rows, columns, maps] and a kernel [4, 4, channels, maps]. Channels are one
// or three; but for the transposed convolution, maps are a multiple of kPanel.
struct ImageLayer {
  size_t batch, rows, columns, channels, maps;
};

// Each fills its last argument.
void ConvolveImages(const ImageLayer& layer, const float* images, const float* kernel, const Activation& activation, float* maps);
// The transposed convolution, and so the gradient of the images from that of the maps.
void ConvolveTransposedToImages(const ImageLayer& layer, const float* maps, const float* kernel, const Activation& activation, float* images);
// The gradient of the kernel from that of the maps.
void ImageKernelGradient(const ImageLayer& layer, const float* images, const float* maps, float* kernel);

}  // namespace lstm_gan
