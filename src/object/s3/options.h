// What it takes to reach an S3 server.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "object/credentials/keeper.h"
#include "object/http/transport.h"
#include "object/keys.h"

namespace nats3::object {

// Where the bucket's name goes: `endpoint/bucket/key` or `bucket.endpoint/key`.
enum class Addressing {
  kAuto,  // path when an endpoint is given, else virtual host, as AWS wants it
  kPath,
  kVirtualHost,
};

// What the signature says about a body.
enum class PayloadSigning {
  kSigned,           // its SHA-256, always
  kUnsignedOnHttps,  // nothing where TLS protects it: saves hashing
};

// An extra checksum that S3 verifies and keeps. Off, since some servers accept a wrong one in
// silence and a few refuse the header.
enum class Checksum { kNone, kSha256 };

struct S3Options {
  std::string endpoint;  // "http://host:port", "https://host"; "": AWS in `region`
  std::string region = "us-east-1";
  std::shared_ptr<CredentialsSource> credentials;
  CredentialsKeeper::Observer on_credentials = {};
  Addressing addressing = Addressing::kAuto;
  PayloadSigning payload_signing = PayloadSigning::kSigned;
  Checksum checksum = Checksum::kNone;

  std::uint64_t multipart_above_bytes = 64 << 20;
  std::uint64_t part_bytes = 16 << 20;  // at least 5 MiB, says S3
  std::uint64_t max_object_bytes = kDefaultMaxObjectBytes;

  HttpOptions http = {};
  const Clock* clock = &Clock::system();
};

}  // namespace nats3::object
