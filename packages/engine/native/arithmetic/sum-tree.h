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
  std::string order;  // postfix: v pushes the next vector, + adds the two topmost entries of the stack
  size_t depth = 1;   // the most entries that the stack of the postfix order holds
  size_t size = 0;    // floats of each vector
};

// Reads a tree. Returns false if the vectors differ in length, or if the order does not fit the vectors.
bool GetSumTree(napi_env env, napi_value vectors, napi_value order, SumTree* tree);

// Reads Float32Arrays. Returns false if a value is no Float32Array, or if the arrays differ in length.
bool GetFloats(napi_env env, const napi_value* values, size_t count, std::vector<float*>* arrays, size_t* length);

// Returns the floats [start, start + size) of the sum of the vectors, at most kBlock floats. They are written to
// `scratch`, which must have room for `depth` blocks. If the tree is a single vector, the result points into this
// vector.
const float* EvaluateBlock(const SumTree& tree, size_t start, size_t size, float* scratch);

// Calls body(start, size, sum) for every block of the floats [first, last), on up to `threads` threads. `sum` points to
// the floats [start, start + size) of the sum of the vectors. Returns whether all calls returned true.
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
