// Accumulation: while a run of a graph writes its vector of gradients (concat-parts.cc), it also adds earlier vectors.
// Otherwise the sum would need one more pass over all vectors.
#pragma once

#include <atomic>
#include <cstddef>
#include <vector>

namespace lstm_gan {

// Asks the kernel to write onto[0] + (onto[1] + (... + result)) instead of its result.
struct Accumulation {
  std::vector<const float*> onto;
  size_t size = 0;                              // floats of each vector
  std::atomic<bool> done{false}, finite{true};  // done: the kernel has written the sum; finite: the sum is finite
};

// The accumulation of the run that this thread executes; null if it has none. TensorFlow runs the kernels of our graphs
// on the thread that calls TensorFlow. On another thread the kernel would find no accumulation: `done` would stay
// false, and JavaScript would add the vectors.
Accumulation*& CurrentAccumulation();

// The type of the operation that concatenates a network's gradients to one vector (concat-parts.cc).
constexpr char kConcatParts[] = "LstmGanJoin";

}  // namespace lstm_gan
