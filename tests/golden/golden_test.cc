// Chunks that are committed pin the format: the writer still makes these bytes, the reader still
// reads them, and so do two readers that share no code with ours, zstd and read_chunk.py.
//
// NATS3_UPDATE_GOLDEN=1 writes the files anew. After a change of the format only, which takes a new
// version number: archives in the bucket are for ever.

#include <gtest/gtest.h>
#include <unistd.h>
#include <zstd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>

#include "tests/golden/golden_messages.h"

namespace nats3::golden {
namespace {

using archive::testing::encode;
using archive::testing::messages_of;

const std::string kFolder = "tests/golden/";

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

struct CommandResult {
  int status = 0;
  std::string output;
};

CommandResult run(const std::string& command) {
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) {
    return {-1, "popen failed"};
  }
  CommandResult result;
  std::array<char, 4'096> buffer{};
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    result.output.append(buffer.data(), size);
  }
  result.status = pclose(pipe);
  return result;
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream out(path, std::ios::binary);
  out << bytes;
  EXPECT_TRUE(out.flush()) << path;
}

// Messages as lines of JSON, which few.ndjson pins for one set of them.
std::string as_json(archive::ChunkOptions options, const TestMessages& messages) {
  options.encoding = Encoding::kJson;
  // ctest runs cases at once, each in a process of its own.
  const std::string path =
      ::testing::TempDir() + "nats3-golden-" + std::to_string(::getpid()) + ".zst";
  write_file(path, encode(options, messages));
  const CommandResult result = run("zstd -dc " + path);
  std::remove(path.c_str());
  EXPECT_EQ(result.status, 0);
  return result.output;
}

struct Golden {
  std::string file;
  archive::ChunkOptions options;
  TestMessages messages;
};

std::vector<Golden> all_golden() {
  return {{"few.bin.zst", few_options(Encoding::kBinary), few_messages()},
          {"few.ndjson.zst", few_options(Encoding::kJson), few_messages()},
          {"many.bin.zst", many_options(), many_messages()},
          {"frames.bin.zst", frames_options(), frames_messages()}};
}

class GoldenTest : public ::testing::TestWithParam<Golden> {
 protected:
  void SetUp() override {
    if (std::getenv("NATS3_UPDATE_GOLDEN") != nullptr) {
      write_file(path(), encode(GetParam().options, GetParam().messages));
      write_file(kFolder + "few.ndjson", as_json(few_options(Encoding::kJson), few_messages()));
    }
  }
  [[nodiscard]] std::string path() const { return kFolder + GetParam().file; }
};

INSTANTIATE_TEST_SUITE_P(Files, GoldenTest, ::testing::ValuesIn(all_golden()),
                         [](const auto& param) {
                           std::string name = param.param.file;
                           std::ranges::replace(name, '.', '_');
                           return name;
                         });

TEST_P(GoldenTest, WriterMakesTheseBytes) {
  const std::string written = encode(GetParam().options, GetParam().messages);
  const std::string golden = read_file(path());
  if (ZSTD_versionNumber() == 10504) {
    EXPECT_TRUE(written == golden) << "the bytes of a chunk have changed";
  }
  // Another libzstd may compress otherwise; what it compresses has to be the same.
  EXPECT_TRUE(same_content(archive::ChunkIndex::parse(written, written.size()).value(),
                           archive::ChunkIndex::parse(golden, golden.size()).value()));
}

TEST_P(GoldenTest, ReaderReadsThem) {
  const auto chunk = archive::decode_chunk(read_file(path()));
  ASSERT_TRUE(chunk) << chunk.error().message;
  EXPECT_EQ(messages_of(*chunk), GetParam().messages);
  EXPECT_EQ(chunk->index.header.previous, GetParam().options.previous);
  for (const TestMessage& message : GetParam().messages) {
    EXPECT_TRUE(chunk->index.may_contain_subject(message.subject));
  }
}

TEST_P(GoldenTest, ZstdAcceptsThem) {
  const CommandResult result = run("zstd -q -t " + path() + " 2>&1");
  EXPECT_EQ(result.status, 0) << result.output;
}

TEST_P(GoldenTest, ZstdGivesTheRecords) {
  const CommandResult result = run("zstd -dc " + path());
  ASSERT_EQ(result.status, 0);
  if (GetParam().options.encoding == Encoding::kJson) {
    EXPECT_EQ(result.output, read_file(kFolder + "few.ndjson"));
  } else {
    EXPECT_EQ(result.output.substr(0, 4), "n3b2");
  }
}

TEST_P(GoldenTest, AReaderWrittenFromTheSpecificationReadsThem) {
  const CommandResult result = run("python3 -B " + kFolder + "read_chunk.py " + path() + " 2>&1");
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.output, as_json(GetParam().options, GetParam().messages));
}

TEST_P(GoldenTest, AReaderWrittenFromTheSpecificationNoticesDamage) {
  std::string bytes = read_file(path());
  bytes[bytes.size() / 4] ^= 1;  // in a frame: of the footer's hash it has too little
  const std::string damaged = ::testing::TempDir() + "nats3-golden-" + GetParam().file;
  write_file(damaged, bytes);
  EXPECT_NE(run("python3 -B " + kFolder + "read_chunk.py " + damaged + " 2>&1").status, 0);
  std::remove(damaged.c_str());
}

TEST(GoldenFramesTest, TheFilterTellsWhichFrameHoldsASubject) {
  const auto chunk = archive::decode_chunk(read_file(kFolder + "frames.bin.zst"));
  ASSERT_TRUE(chunk) << chunk.error().message;
  EXPECT_TRUE(chunk->index.subjects.tells_frames());
  std::size_t elsewhere = 0;
  for (std::size_t i = 0; i < chunk->frames.size(); ++i) {
    for (const archive::Message& message : chunk->frames[i].messages()) {
      EXPECT_TRUE(chunk->index.may_contain_subject(message.subject, i));
    }
    elsewhere += chunk->index.may_contain_subject("sensors.1", i) ? 1 : 0;
  }
  EXPECT_GT(chunk->frames.size(), 3u);
  EXPECT_EQ(elsewhere, 1u);
}

TEST(GoldenFramesTest, AFilterFromBeforeThatTellsNothingOfFrames) {
  const auto chunk = archive::decode_chunk(read_file(kFolder + "many.bin.zst"));
  ASSERT_TRUE(chunk) << chunk.error().message;
  EXPECT_FALSE(chunk->index.subjects.tells_frames());
  EXPECT_TRUE(chunk->index.may_contain_subject("sensors.0", 0)) << "nobody has that subject";
}

TEST(GoldenExampleTest, TheSpecificationShowsTheBytesThatAreThere) {
  const std::string format = "docs/format.md ";
  const CommandResult result =
      run("python3 -B " + kFolder + "check_example.py " + format + kFolder + "few.bin.zst 2>&1");
  EXPECT_EQ(result.status, 0) << result.output;
}

}  // namespace
}  // namespace nats3::golden
