// ForwardingKeyValue: a key-value bucket that does what another one does. Tests override what they
// want otherwise.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nats/key_value.h"

namespace nats3::jobs {

class ForwardingKeyValue : public nats::KeyValue {
 public:
  // `inner` outlives this.
  explicit ForwardingKeyValue(nats::KeyValue& inner) : inner_(inner) {}
  Result<nats::KvEntry> get(const std::string& key) override { return inner_.get(key); }
  Result<std::vector<nats::KvEntry>> list(const std::string& prefix) override {
    return inner_.list(prefix);
  }
  Result<std::vector<nats::KvChange>> changes(const std::string& prefix,
                                              std::uint64_t after) override {
    return inner_.changes(prefix, after);
  }
  Result<std::uint64_t> put(const std::string& key, std::string_view value,
                            std::uint64_t expected) override {
    return inner_.put(key, value, expected);
  }
  Result<void> remove(const std::string& key, std::uint64_t expected) override {
    return inner_.remove(key, expected);
  }
  Result<nats::StreamInfo> stream() override { return inner_.stream(); }

 private:
  nats::KeyValue& inner_;
};

}  // namespace nats3::jobs
