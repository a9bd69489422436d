// The two ways of writing records, behind one seam: RecordEncoder makes the content of a frame,
// decode_records reads it. Compression, hashes and the index are the business of others.
// Not thread-safe; independent of each other.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "archive/chunk.h"
#include "archive/message.h"
#include "archive/string_pool.h"
#include "base/error.h"

namespace nats3::archive {

class RecordEncoder {
 public:
  virtual ~RecordEncoder() = default;
  // Adds a record to the frame. `subject` is the message's subject in the pool of the chunk.
  // Precondition: the message is one that a chunk takes (see ChunkDraft::add).
  virtual void add(const Message& message, StringPool::Id subject) = 0;
  // Bytes of content so far, 0 for an empty frame.
  [[nodiscard]] virtual std::size_t size() const = 0;
  // The content of the frame, which is not empty. The next one begins, in the memory of `spare`.
  [[nodiscard]] virtual std::string take(std::string spare) = 0;
};

// `pool` outlives the encoder.
[[nodiscard]] std::unique_ptr<RecordEncoder> make_binary_encoder(StringPool& pool);
[[nodiscard]] std::unique_ptr<RecordEncoder> make_json_encoder();

// The members of a JSON record: its sequence and time; and, each behind a comma, its subject,
// headers and data.
void append_json_place(std::string& record, const Message& message);
void append_json_content(std::string& record, const Message& message);

// The records of a frame. The views of `messages` point into `fields`, `text` and the content that
// was decoded; moving a Records keeps them valid.
struct Records {
  std::vector<Message> messages;
  std::vector<HeaderField> fields;
  std::unique_ptr<char[]> text;  // what had to be unescaped
};

// Reads the content of one frame, whole. Messages come in strictly ascending order, headers in
// canonical order. For binary records they are views into `content`, which has to outlive them.
// Errors: kCorrupt, naming the record.
[[nodiscard]] Result<Records> decode_records(Encoding encoding, std::string_view content);
[[nodiscard]] Result<Records> decode_binary_records(std::string_view content);
[[nodiscard]] Result<Records> decode_json_records(std::string_view content);

}  // namespace nats3::archive
