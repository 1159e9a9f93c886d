// The functions that each folder adds to the addon's exports. `src/tensorflow/runtime/addon.ts` has their signatures.
#pragma once

#include <node_api.h>

namespace lstm_gan {

void DefineSessions(napi_env env, napi_value exports);
void DefineRuns(napi_env env, napi_value exports);
void DefineVectorMemory(napi_env env, napi_value exports);
void DefineSharedMemory(napi_env env, napi_value exports);
void DefineAdam(napi_env env, napi_value exports);
void DefineEma(napi_env env, napi_value exports);
void DefineSums(napi_env env, napi_value exports);
void DefineKernels(napi_env env, napi_value exports);

}  // namespace lstm_gan
