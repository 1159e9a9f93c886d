// A TensorFlow session: the graphs that share it, and how it is closed: close() during runs marks it, and the last run frees it.
#pragma once

#include <set>
#include <string>

#include "addon.h"
#include "tensorflow/c/c_api.h"

namespace lstm_gan {

struct Status {
  TF_Status* value = TF_NewStatus();
  ~Status() { TF_DeleteStatus(value); }
  bool ok() const { return TF_GetCode(value) == TF_OK; }
  std::string message() const { return TF_Message(value); }
};

struct Session {
  TF_Graph* graph = nullptr;
  TF_Session* session = nullptr;
  std::set<TF_Operation*> only_joins;  // of the graphs that have one
  int running = 0;  // only touched on the JavaScript thread
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

// The operation that puts a network's gradients one behind the other (join.cc).
constexpr char kJoin[] = "LstmGanJoin";

// The session behind a handle; null for another value.
Session* GetSession(napi_env env, napi_value value);

}  // namespace lstm_gan
