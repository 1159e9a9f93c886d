// Float32 sums: the same bits on every processor and for any number of threads.
#pragma once

#include <cstddef>

namespace lstm_gan {

constexpr size_t kBlock = 1024;  // floats: what is added up on the way stays in the nearest cache

// result = a + b; the result may be one of them.
void AddBlock(const float* a, const float* b, float* result, size_t size);

bool AllFinite(const float* values, size_t size);

}  // namespace lstm_gan
