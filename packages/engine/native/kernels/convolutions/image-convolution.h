// Convolutions with a 4 x 4 kernel, stride 2 and padding SAME for images of one or three channels. The algorithm of
// winograd.h does not fit them: it computes kPanel channels at a time.
#pragma once

#include <cstddef>

#include "kernels/products.h"

namespace lstm_gan {

// Images [batch, 2 * rows, 2 * columns, channels], maps [batch, rows, columns, maps], and a kernel [4, 4, channels,
// maps]. For the functions in this file `channels` is 1 or 3, and `maps` is a multiple of kPanel; in the transposed
// convolution it may be any number.
struct ImageLayer {
  size_t batch, rows, columns, channels, maps;
};

// Each function writes its result to its last argument.
void ConvolveImages(const ImageLayer& layer, const float* images, const float* kernel, const Activation& activation,
                    float* maps);
// The transposed convolution. It is also the gradient with respect to the images, from the gradient of the maps.
void ConvolveTransposedToImages(const ImageLayer& layer, const float* maps, const float* kernel,
                                const Activation& activation, float* images);
// The gradient with respect to the kernel, from the gradient of the maps.
void ImageKernelGradient(const ImageLayer& layer, const float* images, const float* maps, float* kernel);

}  // namespace lstm_gan
