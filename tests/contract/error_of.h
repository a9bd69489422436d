// What a Result says that should be an error.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"

namespace nats3::object {

template <typename T>
ErrorCode code_of(const Result<T>& result) {
  EXPECT_FALSE(result) << "expected an error";
  return result ? ErrorCode::kInternal : result.error().code;
}

template <typename T>
std::string message_of(const Result<T>& result) {
  return result ? "" : result.error().message;
}

}  // namespace nats3::object
