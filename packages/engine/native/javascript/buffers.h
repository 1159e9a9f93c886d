// ArrayBuffers over native memory.
#pragma once

#include <node_api.h>

#include <cstddef>
#include <functional>

namespace lstm_gan {

// Makes an ArrayBuffer over memory. Calls `free` when the buffer is released or collected. If the buffer cannot be
// made, calls `free` at once and returns null.
napi_value MakeBuffer(napi_env env, void* data, size_t size, std::function<void()> free);

// Detaches a buffer, so its memory is freed at once. A buffer that cannot be detached is left to the garbage collector.
void ReleaseBuffer(napi_env env, napi_value buffer);

}  // namespace lstm_gan
