#pragma once

#include <string>

#include "tensorflow/c/tf_status.h"

namespace lstm_gan {

// The outcome of calls of TensorFlow's C API.
struct Status {
  TF_Status* value = TF_NewStatus();
  ~Status() { TF_DeleteStatus(value); }
  bool ok() const { return TF_GetCode(value) == TF_OK; }
  std::string message() const { return TF_Message(value); }
};

}  // namespace lstm_gan
