#pragma once

#include <cstddef>

namespace lstm_gan {

// TensorFlow's kernels want their data aligned to this many bytes. TensorFlow copies data that is not aligned.
constexpr size_t kAlignment = 64;

// The next multiple of the alignment.
constexpr size_t RoundUpToAlignment(size_t size) { return (size + kAlignment - 1) & ~(kAlignment - 1); }

}  // namespace lstm_gan
