// Vectors that the one a run joins is added to while it is written: by itself, the sum would be a pass over all of them.
#pragma once

#include <atomic>
#include <cstddef>
#include <vector>

namespace lstm_gan {

// The result is onto[0] + (onto[1] + (... + joined)).
struct Accumulation {
  std::vector<const float*> onto;
  size_t size = 0;  // floats of each, if there are any
  std::atomic<bool> done{false}, finite{true};
};

// Of the run that this thread is at; null of one that adds nothing. TensorFlow runs the kernels of our graphs on the thread
// that calls it; should it not, nothing is done here, and whoever asked for the sum adds.
Accumulation*& CurrentAccumulation();

}  // namespace lstm_gan
