#include "server/identity.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "base/digest.h"
#include "base/uuid.h"

namespace nats3::server {
namespace {

// Of this boot of this kernel: no two machines have the same.
std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

// Of the addresses that can be listened on: containers have one each.
std::string network_namespace() {
  std::array<char, 64> link{};
  const ssize_t size = ::readlink("/proc/self/ns/net", link.data(), link.size());
  return size > 0 ? std::string(link.data(), static_cast<std::size_t>(size)) : std::string();
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

}  // namespace

Identity make_identity(const std::string& host, std::uint16_t port) {
  const std::string boot = boot_id();
  const std::string network = network_namespace();
  const std::string unique = boot.empty() || network.empty() || port == 0
                                 ? make_uuid()
                                 : fmt::format("{}\n{}\n{}\n{}", boot, network, host, port);
  const Sha256Digest digest = sha256(unique);
  return {.id = to_hex({reinterpret_cast<const char*>(digest.data()), 8}),
          .name = fmt::format("{}:{}", host_name(), port)};
}

}  // namespace nats3::server
