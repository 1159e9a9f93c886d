// Convolutions with a 4 x 4 kernel, stride 2 and padding SAME for any number of channels and maps. A patch is the 4 x 4
// pixels that a map's pixel is computed from. Each convolution is a product of matrices. For the layers that
// image-convolution.h and winograd.h take, their algorithms are faster.
#pragma once

#include "kernels/convolutions/image-convolution.h"

namespace lstm_gan {

// Each function writes its result to its last argument.
void PatchConvolve(const ImageLayer& layer, const float* images, const float* kernel, const Activation& activation,
                   float* maps);
// The transposed convolution. It is also the gradient with respect to the images, from the gradient of the maps.
void PatchConvolveTransposed(const ImageLayer& layer, const float* maps, const float* kernel,
                             const Activation& activation, float* images);
// The gradient with respect to the kernel, from the gradient of the maps.
void PatchKernelGradient(const ImageLayer& layer, const float* images, const float* maps, float* kernel);

}  // namespace lstm_gan
