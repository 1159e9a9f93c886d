// Sums of float32 numbers, with the same bits on every processor and for any number of threads.
#pragma once

#include <cstddef>

namespace lstm_gan {

// Vectors are added in blocks of this many floats: intermediate sums then stay in the first-level cache.
constexpr size_t kBlock = 1024;

// result = a + b. `result` may be `a` or `b`.
void AddBlock(const float* a, const float* b, float* result, size_t size);

bool AllFinite(const float* values, size_t size);

}  // namespace lstm_gan
