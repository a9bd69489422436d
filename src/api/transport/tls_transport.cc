#include "api/transport/tls_transport.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <string>
#include <utility>

#include "api/http.h"
#include "base/certificate.h"
#include "base/clock.h"
#include "base/time_text.h"

namespace nats3::api {
namespace {

std::string speak_tls() {
  const HttpResponse answer = error_response(400, "this port speaks TLS: ask it with https://");
  return fmt::format(
      "HTTP/1.1 400 Bad Request\r\nContent-Type: {}\r\nContent-Length: {}\r\n"
      "Connection: close\r\n\r\n{}",
      answer.content_type, answer.body.size(), answer.body);
}

class TlsTransport final : public Transport {
 public:
  TlsTransport(const std::shared_ptr<SSL_CTX>& context, int socket)
      : ssl_(SSL_new(context.get()), &SSL_free), socket_(socket) {
    ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
    usable_ = ssl_ != nullptr && SSL_set_fd(ssl_.get(), socket) == 1;
    if (usable_) {
      SSL_set_accept_state(ssl_.get());
    }
    ERR_clear_error();
  }

  Moved receive(char* out, std::size_t size) override {
    std::size_t count = 0;
    const int result = usable_ ? SSL_read_ex(ssl_.get(), out, size, &count) : 0;
    return moved(result, count);
  }
  Moved send(const char* data, std::size_t size) override {
    std::size_t count = 0;
    const int result = usable_ ? SSL_write_ex(ssl_.get(), data, size, &count) : 0;
    return moved(result, count);
  }
  void end() override {
    if (usable_) {
      SSL_shutdown(ssl_.get());
      ERR_clear_error();
    }
    ::shutdown(socket_, SHUT_WR);
  }

 private:
  Moved moved(int result, std::size_t count) {
    if (result == 1) {
      return {.bytes = count};
    }
    if (!usable_) {
      return {};
    }
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ:
        return {.wait_for = POLLIN};
      case SSL_ERROR_WANT_WRITE:
        return {.wait_for = POLLOUT};
      case SSL_ERROR_ZERO_RETURN:
        return {};
      default:
        give_up();
        return {};
    }
  }

  // After such an error the connection mustn't even be told of its end.
  void give_up() {
    usable_ = false;
    const auto error = ERR_peek_error();
    if (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_HTTP_REQUEST) {
      const std::string answer = speak_tls();
      ::send(socket_, answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    if (const char* const words = ERR_reason_error_string(error); words != nullptr) {
      spdlog::debug("a client's TLS connection ends: {}", words);
    }
    ERR_clear_error();
  }

  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  const int socket_;
  bool usable_ = false;
};

// Without it OpenSSL would ask at the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

}  // namespace

Result<std::unique_ptr<TlsIdentity>> TlsIdentity::load(std::string certificate_file,
                                                       std::string key_file) {
  std::unique_ptr<TlsIdentity> identity(
      new TlsIdentity(std::move(certificate_file), std::move(key_file)));
  identity->stamp_ = identity->stamp();
  auto context = identity->read();
  if (!context) {
    return fail(context.error());
  }
  identity->context_ = std::move(*context);
  return identity;
}

Result<TlsIdentity::Context> TlsIdentity::read() const {
  const auto expiry = check_certificate_files("certificate", certificate_file_, key_file_);
  if (!expiry) {
    return fail(expiry.error());
  }
  Context context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  SSL_CTX_set_default_passwd_cb(context.get(), no_passphrase);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  const bool taken =
      SSL_CTX_use_certificate_chain_file(context.get(), certificate_file_.c_str()) == 1 &&
      SSL_CTX_use_PrivateKey_file(context.get(), key_file_.c_str(), SSL_FILETYPE_PEM) == 1;
  const char* const words = taken ? nullptr : ERR_reason_error_string(ERR_peek_error());
  ERR_clear_error();
  if (!taken) {
    return fail(ErrorCode::kInvalid,
                fmt::format("the certificate {} and its key {} can't be used: {}",
                            certificate_file_, key_file_, words != nullptr ? words : "no reason"));
  }
  if (*expiry < Clock::system().now()) {
    spdlog::warn("the certificate {} expired on {:.10}: clients will refuse it; renew it",
                 certificate_file_, format_time(*expiry));
  }
  return context;
}

std::vector<std::int64_t> TlsIdentity::stamp() const {
  std::vector<std::int64_t> stamp;
  for (const std::string& file : {certificate_file_, key_file_}) {
    struct stat status{};
    if (::stat(file.c_str(), &status) == 0) {
      stamp.insert(stamp.end(), {status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_size,
                                 static_cast<std::int64_t>(status.st_ino)});
    } else {
      stamp.push_back(-1);
    }
  }
  return stamp;
}

TlsIdentity::Context TlsIdentity::current() {
  const std::lock_guard lock(mutex_);
  if (auto now = stamp(); now != stamp_) {
    stamp_ = std::move(now);
    if (auto read = this->read()) {
      spdlog::info("the certificate {} was read again", certificate_file_);
      context_ = std::move(*read);
    } else {
      spdlog::warn("{}; the certificate that was read before is still used", read.error().message);
    }
  }
  return context_;
}

std::unique_ptr<Transport> TlsIdentity::accept(int socket) {
  return std::make_unique<TlsTransport>(current(), socket);
}

}  // namespace nats3::api
