#pragma once

#include <cstddef>
#include <functional>

namespace lstm_gan {

// Splits [0, size) into ranges, and calls body(start, end) for each: for the first on the calling thread, for each
// other on a new thread. There is at most one range for every 64 Ki floats, because starting a thread for fewer floats
// is not worth it.
void ForNewThreads(size_t size, size_t threads, const std::function<void(size_t, size_t)>& body);

}  // namespace lstm_gan
