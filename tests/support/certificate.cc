#include "tests/support/certificate.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <cstdlib>
#include <iostream>

namespace nats3::test {
namespace {

[[noreturn]] void give_up(const std::string& why) {
  std::cerr << "Certificate: " << why << '\n';
  std::abort();
}

void run(const std::string& command) {
  if (::system(command.c_str()) != 0) {
    give_up("this failed: " + command);
  }
}

}  // namespace

Certificate::Certificate() {
  std::string pattern = std::filesystem::temp_directory_path() / "nats3-tls-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) {
    give_up("no temporary folder");
  }
  folder_ = pattern;
  const std::string command = fmt::format(
      "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=nats3 "
      "-addext subjectAltName=IP:127.0.0.1 -keyout '{}' -out '{}' 2>/dev/null",
      key(), file());
  run(command);
}

Certificate::~Certificate() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string Certificate::config(std::string_view more) const {
  return fmt::format("tls {{cert_file: \"{}\", key_file: \"{}\"\n{}}}\n", file(), key(), more);
}

std::string Certificate::config_to_verify(std::string_view more) const {
  return config(fmt::format("ca_file: \"{}\"\n{}\n", file(), more));
}

Certificate::Issued Certificate::issue(const std::string& email, int days) const {
  Issued issued{folder_ / (email + ".pem"), folder_ / (email + ".key")};
  const std::string command = fmt::format(
      "openssl req -new -newkey rsa:2048 -nodes -subj /CN=client -addext subjectAltName=email:{0} "
      "-keyout '{1}' -out '{2}.request' 2>/dev/null && "
      "openssl x509 -req -in '{2}.request' -copy_extensions copy -days {3} -CA '{4}' -CAkey '{5}' "
      "-out '{2}' 2>/dev/null",
      email, issued.key, issued.file, days, file(), key());
  run(command);
  return issued;
}

}  // namespace nats3::test
