// A session of TensorFlow, with the graphs that were loaded into it.
#pragma once

#include <node_api.h>

#include <set>

#include "kernels/status.h"
#include "tensorflow/c/c_api.h"

namespace lstm_gan {

// If runs are in progress, `close` only sets `closed`, and the last of these runs frees the session.
struct Session {
  TF_Graph* graph = nullptr;
  TF_Session* session = nullptr;
  // The operations of type kConcatParts (LstmGanJoin) that are the only one of this type in their graph.
  std::set<TF_Operation*> single_concats;
  int running = 0;  // runs in progress; used on the JavaScript thread only
  bool closed = false;

  void Free() {
    Status status;
    if (session != nullptr) {
      TF_CloseSession(session, status.value);
      TF_DeleteSession(session, status.value);
      session = nullptr;
    }
    if (graph != nullptr) {
      TF_DeleteGraph(graph);
      graph = nullptr;
    }
  }
};

// The session of a handle; null for another value.
Session* GetSession(napi_env env, napi_value value);

}  // namespace lstm_gan
