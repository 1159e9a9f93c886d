#pragma once

#include <cstddef>
#include <functional>

namespace lstm_gan {

// Splits [0, size) into ranges, and calls body(start, end) for each: for the first on the calling thread, for each
// other on a new thread. Every thread has at least 64 Ki floats, because starting a thread for fewer is not worth it.
void ForNewThreads(size_t size, size_t threads, const std::function<void(size_t, size_t)>& body);

}  // namespace lstm_gan
