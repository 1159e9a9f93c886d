// Work that is split into pieces, and a pool of threads that compute them. The threads wait for the next work and do
// not end, because starting a thread takes as long as a small piece of work.
#pragma once

#include <cstddef>
#include <functional>

namespace lstm_gan {

// How many threads ForEachPiece uses, including the calling thread; one number for the whole process.
void SetPieceThreads(size_t threads);
size_t PieceThreads();

// Calls body(0) ... body(count - 1), each once, on several threads. Returns when all calls have returned.
void ForEachPiece(size_t count, const std::function<void(size_t)>& body);

// Splits [0, size) into one range for each thread, and calls body(start, end) for each range. The bounds between ranges
// are multiples of `grain`.
void ForEachRange(size_t size, size_t grain, const std::function<void(size_t, size_t)>& body);

}  // namespace lstm_gan
