// Runs a fuzz target on its seeds and on many small changes of them, always the same ones. A
// finding ends the process, and so fails the test.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz.h"

namespace nats3::fuzz {
namespace {

constexpr int kMutationsPerSeed = 3'000;

std::vector<std::string> read_seeds() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(NATS3_CORPUS)) {
    paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  std::vector<std::string> seeds;
  for (const auto& path : paths) {
    std::ostringstream bytes;
    bytes << std::ifstream(path, std::ios::binary).rdbuf();
    seeds.push_back(bytes.str());
  }
  return seeds;
}

class Mutator {
 public:
  explicit Mutator(std::vector<std::string> seeds) : seeds_(std::move(seeds)) {}

  std::string mutate(std::string bytes) {
    for (std::size_t i = below(4) + 1; i > 0; --i) {
      change(bytes);
    }
    return bytes;
  }

 private:
  std::size_t below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_);
  }

  void change(std::string& bytes) {
    const std::size_t at = below(bytes.size() + 1);
    const std::size_t size = std::min(below(16) + 1, bytes.size() - at);
    constexpr char kOdd[] = {'\0', '\1', '\x7f', '\x80', '\xff', '"', '\\', '\n', '-', '%'};
    switch (below(6)) {
      case 0:
        bytes.resize(at);
        break;
      case 1:
        bytes.erase(at, size);
        break;
      case 2:
        bytes.insert(at, bytes.substr(at, size));
        break;
      case 3:
        bytes.insert(at, 1, kOdd[below(std::size(kOdd))]);
        break;
      case 4: {
        const std::string& other = seeds_[below(seeds_.size())];
        bytes.replace(at, bytes.npos, other.substr(std::min(at, other.size())));
        break;
      }
      default:
        if (at < bytes.size()) {
          bytes[at] = below(2) == 0 ? kOdd[below(std::size(kOdd))]
                                    : static_cast<char>(bytes[at] ^ (1 << below(8)));
        }
    }
  }

  std::vector<std::string> seeds_;
  std::mt19937 random_{20'261'124};
};

void run(const std::string& bytes) {
  // A copy of its own size, so that a sanitizer notices reading past its end.
  const std::vector<std::uint8_t> copy(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(copy.data(), copy.size());
}

TEST(FuzzReplayTest, HoldsOnSeedsAndOnChangesOfThem) {
  const std::vector<std::string> seeds = read_seeds();
  ASSERT_FALSE(seeds.empty()) << NATS3_CORPUS;
  Mutator mutator(seeds);
  run("");
  for (const std::string& seed : seeds) {
    run(seed);
    for (int i = 0; i < kMutationsPerSeed; ++i) {
      run(mutator.mutate(seed));
    }
  }
}

}  // namespace
}  // namespace nats3::fuzz
