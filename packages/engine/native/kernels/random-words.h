// Random words for random-normal.cc. That file must not include vectors.h, where its float64 sums would be contracted.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lstm_gan {

// Writes the random words [first, first + count) of the stream that `seed` names. `first` is a multiple of 4.
void DrawWords(const int32_t seed[2], uint64_t first, size_t count, uint32_t* words);

}  // namespace lstm_gan
