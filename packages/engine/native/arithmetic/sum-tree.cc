#include "arithmetic/sum-tree.h"

#include <cstring>

#include "addon.h"
#include "javascript/values.h"

namespace lstm_gan {
namespace {

constexpr size_t kMaxDepth = 64;

// evaluateSum(vectors, order, target, threads): boolean, whether the sum is finite. `target` may be one of `vectors`.
napi_value EvaluateSum(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info);
  SumTree tree;
  std::vector<float*> target;
  size_t length = 0;
  uint32_t threads = 0;
  if (!GetSumTree(env, arguments[0], arguments[1], &tree) ||
      !GetFloats(env, &arguments.values[2], 1, &target, &length) || length != tree.size ||
      !GetUint32(env, arguments[3], &threads) || threads < 1 || threads > kMaxThreads) {
    return Throw(env, "ERR_ARGUMENT", "evaluateSum takes a sum, a Float32Array of its length, and a number");
  }
  float* result = target[0];
  return MakeBoolean(env, ForBlocksOfSum(tree, 0, length, threads, [&](size_t start, size_t size, const float* sum) {
                       if (sum != result + start) std::memcpy(result + start, sum, size * sizeof(float));
                       return AllFinite(result + start, size);
                     }));
}

}  // namespace

const float* EvaluateBlock(const SumTree& tree, size_t start, size_t size, float* scratch) {
  const float* stack[kMaxDepth];
  size_t top = 0, next = 0;
  for (const char step : tree.order) {
    if (step == 'v') {
      stack[top++] = tree.vectors[next++] + start;
      continue;
    }
    --top;
    float* result = scratch + (top - 1) * kBlock;
    AddBlock(stack[top - 1], stack[top], result, size);
    stack[top - 1] = result;
  }
  return stack[0];
}

bool GetFloats(napi_env env, const napi_value* values, size_t count, std::vector<float*>* arrays, size_t* length) {
  for (size_t i = 0; i < count; ++i) {
    Bytes bytes;
    if (!GetBytes(env, values[i], &bytes) || bytes.type != napi_float32_array) return false;
    if (i > 0 && bytes.size / 4 != *length) return false;
    *length = bytes.size / 4;
    arrays->push_back(reinterpret_cast<float*>(bytes.data));
  }
  return true;
}

bool GetSumTree(napi_env env, napi_value vectors, napi_value order, SumTree* tree) {
  std::vector<napi_value> items;
  std::vector<float*> floats;
  if (!GetArray(env, vectors, &items) || items.empty()) return false;
  if (!GetFloats(env, items.data(), items.size(), &floats, &tree->size)) return false;
  if (!GetString(env, order, &tree->order)) return false;
  tree->vectors.assign(floats.begin(), floats.end());
  size_t top = 0, taken = 0;
  for (const char step : tree->order) {
    const bool takes = step == 'v';
    if (!takes && (step != '+' || top < 2)) return false;
    if (takes) ++taken;
    top = takes ? top + 1 : top - 1;
    tree->depth = std::max(tree->depth, top);
  }
  return top == 1 && taken == floats.size() && tree->depth <= kMaxDepth;
}

void DefineSums(napi_env env, napi_value exports) {
  DefineFunctions(env, exports, {Function("evaluateSum", EvaluateSum)});
}

}  // namespace lstm_gan
