#include "tests/contract/toxic_s3.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace nats3::object {
namespace {

constexpr const char* kEmptyListing =
    "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// Reads one request; nothing when the client has closed the connection. `buffer` keeps what came
// after it.
std::optional<ToxicRequest> read_request(int socket, std::string& buffer) {
  const auto more = [&] {
    char block[65536];
    const ssize_t got = ::recv(socket, block, sizeof block, 0);
    if (got > 0) {
      buffer.append(block, static_cast<std::size_t>(got));
    }
    return got > 0;
  };
  std::size_t end = 0;
  while ((end = buffer.find("\r\n\r\n")) == buffer.npos) {
    if (!more()) {
      return std::nullopt;
    }
  }
  ToxicRequest request;
  std::size_t line_end = buffer.find("\r\n");
  const std::string first = buffer.substr(0, line_end);
  request.method = first.substr(0, first.find(' '));
  request.target = first.substr(first.find(' ') + 1);
  request.target.resize(request.target.find(' '));
  while (line_end < end) {
    const std::size_t begin = line_end + 2;
    line_end = buffer.find("\r\n", begin);
    const std::string line = buffer.substr(begin, line_end - begin);
    const std::size_t colon = line.find(':');
    const std::size_t value = line.find_first_not_of(' ', colon + 1);
    request.headers[lower_case(line.substr(0, colon))] =
        value == line.npos ? "" : line.substr(value);
  }
  const std::string length = request.headers["content-length"];
  const std::size_t body_bytes = length.empty() ? 0 : std::stoul(length);
  buffer.erase(0, end + 4);
  while (buffer.size() < body_bytes) {
    if (!more()) {
      return std::nullopt;
    }
  }
  request.body = buffer.substr(0, body_bytes);
  buffer.erase(0, body_bytes);
  return request;
}

bool send_all(int socket, const std::string& data) {
  for (std::size_t sent = 0; sent < data.size();) {
    const ssize_t done = ::send(socket, data.data() + sent, data.size() - sent, MSG_NOSIGNAL);
    if (done <= 0) {
      return false;
    }
    sent += static_cast<std::size_t>(done);
  }
  return true;
}

std::string to_wire(const ToxicAnswer& answer, std::size_t body_bytes, bool is_head) {
  std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " Status\r\n";
  for (const auto& [name, value] : answer.headers) {
    text.append(name).append(": ").append(value).append("\r\n");
  }
  if (!answer.headers.contains("Content-Length")) {
    text += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n";
  }
  return text + "\r\n" + (is_head ? "" : answer.body.substr(0, body_bytes));
}

// So that close() sends a reset and not an end.
void make_reset(int socket) {
  const linger now{1, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

}  // namespace

ToxicAnswer s3_error_answer(int status, const std::string& code,
                            std::map<std::string, std::string> headers) {
  return {
      status,
      "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code><Message>made up</Message></Error>",
      std::move(headers)};
}

ToxicS3::ToxicS3() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("can't listen on 127.0.0.1");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

ToxicS3::~ToxicS3() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    for (const int socket : sockets_) {
      ::shutdown(socket, SHUT_RDWR);
    }
  }
  ending_.notify_all();
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (std::thread& thread : threads_) {
    thread.join();
  }
  ::close(listener_);
}

std::string ToxicS3::endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }

void ToxicS3::set_plan(Plan plan) {
  const std::lock_guard lock(mutex_);
  plan_ = std::move(plan);
}

std::vector<ToxicRequest> ToxicS3::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

int ToxicS3::count(const std::string& method, const std::string& target) const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(std::ranges::count_if(
      requests_, [&](const ToxicRequest& request) { return request.is(method, target); }));
}

std::map<std::string, std::string> ToxicS3::objects() const {
  const std::lock_guard lock(mutex_);
  return objects_;
}

std::size_t ToxicS3::open_uploads() const {
  const std::lock_guard lock(mutex_);
  return uploads_.size();
}

void ToxicS3::accept_all() {
  for (;;) {
    const int socket = ::accept(listener_, nullptr, nullptr);
    if (socket < 0) {
      return;
    }
    const std::lock_guard lock(mutex_);
    if (ended_) {
      ::close(socket);
      return;
    }
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket] { serve(socket); });
  }
}

void ToxicS3::serve(int socket) {
  std::string buffer;
  while (auto request = read_request(socket, buffer)) {
    const Toxic toxic = judge(*request);
    ToxicAnswer answer = toxic.answer;
    if (toxic.kind == Toxic::Kind::kHang) {
      std::unique_lock lock(mutex_);
      ending_.wait(lock, [this] { return ended_; });
      break;
    }
    if (toxic.kind != Toxic::Kind::kReset && toxic.kind != Toxic::Kind::kAnswer) {
      answer = perform(*request);
    }
    if (toxic.kind == Toxic::Kind::kReset || toxic.kind == Toxic::Kind::kLoseAnswer) {
      make_reset(socket);
      break;
    }
    const bool cut = toxic.kind == Toxic::Kind::kCut;
    const std::size_t bytes = cut ? toxic.bytes : answer.body.size();
    if (!send_all(socket, to_wire(answer, bytes, request->method == "HEAD")) || cut) {
      break;
    }
  }
  const std::lock_guard lock(mutex_);
  std::erase(sockets_, socket);
  ::close(socket);
}

Toxic ToxicS3::judge(ToxicRequest& request) {
  const std::lock_guard lock(mutex_);
  request.number = static_cast<int>(requests_.size()) + 1;
  requests_.push_back(request);
  return plan_ ? plan_(request) : Toxic{};
}

ToxicAnswer ToxicS3::perform(const ToxicRequest& request) {
  const std::lock_guard lock(mutex_);
  const std::size_t mark = request.target.find('?');
  const std::string path = request.target.substr(0, mark);
  const std::string query = mark == request.target.npos ? "" : request.target.substr(mark + 1);
  if (query.find("upload") != query.npos) {
    return perform_multipart(request, path, query);
  }
  const bool is_bucket = std::ranges::count(path, '/') == 1;
  if (is_bucket) {
    return {200, request.method == "GET" ? kEmptyListing : "", {}};
  }
  if (request.method == "PUT") {
    objects_[path] = request.body;
    return {};
  }
  if (request.method == "DELETE") {
    objects_.erase(path);
    return {204, "", {}};
  }
  const auto found = objects_.find(path);
  if (found == objects_.end()) {
    return s3_error_answer(404, "NoSuchKey");
  }
  return {200, found->second, {}};
}

ToxicAnswer ToxicS3::perform_multipart(const ToxicRequest& request, const std::string& path,
                                       const std::string& query) {
  if (query == "uploads=") {
    const std::string id = "upload-" + std::to_string(request.number);
    uploads_[id];
    return {200,
            "<InitiateMultipartUploadResult><UploadId>" + id +
                "</UploadId></InitiateMultipartUploadResult>",
            {}};
  }
  const std::string id = query.substr(query.find("uploadId=") + 9);
  const auto upload = uploads_.find(id);
  if (upload == uploads_.end()) {
    return s3_error_answer(404, "NoSuchUpload");
  }
  if (request.method == "PUT") {
    const std::string number = query.substr(query.find("partNumber=") + 11);
    upload->second[number.substr(0, number.find('&'))] = request.body;
    return {200, "", {{"ETag", "\"etag\""}}};
  }
  if (request.method == "POST") {
    std::string whole;
    for (std::size_t part = 1; part <= upload->second.size(); ++part) {
      whole += upload->second[std::to_string(part)];
    }
    objects_[path] = whole;
  }
  uploads_.erase(upload);
  return request.method == "POST" ? ToxicAnswer{200, "<CompleteMultipartUploadResult/>", {}}
                                  : ToxicAnswer{204, "", {}};
}

}  // namespace nats3::object
