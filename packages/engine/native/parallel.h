// Work that is cut into pieces, for the threads of this process.
#pragma once

#include <cstddef>
#include <functional>

namespace lstm_gan {

// How many threads ForEachPiece may use, the caller's included; of the whole process.
void SetPieceThreads(size_t threads);
size_t PieceThreads();

// Calls body(0) ... body(count - 1), each once, on several threads, and returns when all have returned.
void ForEachPiece(size_t count, const std::function<void(size_t)>& body);

// The same for pieces of [0, size) whose bounds are multiples of `grain`: body(start, end).
void ForEachRange(size_t size, size_t grain, const std::function<void(size_t, size_t)>& body);

// Calls body(start, end) for pieces of [0, size), each on a thread that begins now, but the first. Fewer than 64 Ki are not worth
// a thread.
void ForNewThreads(size_t size, size_t threads, const std::function<void(size_t, size_t)>& body);

}  // namespace lstm_gan
