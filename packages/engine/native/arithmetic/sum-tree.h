// Sums of vectors (core's SumTree). A sum is computed block by block, when its reader needs the next block.
#pragma once

#include <node_api.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "arithmetic/float-sums.h"
#include "threads/new-threads.h"

namespace lstm_gan {

constexpr uint32_t kMaxThreads = 64;

struct SumTree {
  std::vector<const float*> vectors;
  std::string order;  // postfix: v takes the next vector, + adds two
  size_t depth = 1;   // the most entries on the stack of the postfix order
  size_t size = 0;    // floats of each vector
};

// Reads a tree. Returns false for vectors of several lengths, or an order that does not fit the vectors.
bool GetSumTree(napi_env env, napi_value vectors, napi_value order, SumTree* tree);

// Reads Float32Arrays of one length. Returns false for other values.
bool GetFloats(napi_env env, const napi_value* values, size_t count, std::vector<float*>* arrays, size_t* length);

// Returns the sum of the floats [start, start + size), at most kBlock floats. The sum is written to `scratch`, which
// must have room for `depth` blocks. If the tree is a single vector, the result points into that vector.
const float* EvaluateBlock(const SumTree& tree, size_t start, size_t size, float* scratch);

// Calls body(start, size, sum of these floats) for every block of the floats [first, last), on up to `threads` threads.
// Returns whether all calls returned true.
template <typename Body>
bool ForBlocksOfSum(const SumTree& tree, size_t first, size_t last, uint32_t threads, const Body& body) {
  std::atomic<bool> good{true};
  ForNewThreads(last - first, threads, [&](size_t start, size_t end) {
    std::vector<float> scratch(tree.depth * kBlock);
    bool all = true;
    for (size_t at = first + start; at < first + end; at += kBlock) {
      const size_t size = std::min(kBlock, first + end - at);
      all &= body(at, size, EvaluateBlock(tree, at, size, scratch.data()));
    }
    if (!all) good = false;
  });
  return good;
}

}  // namespace lstm_gan
