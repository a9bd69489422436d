// Our objects seen by a client that others wrote (s3cmd), and its objects by us; and what needs a
// real server besides. s3cmd: apt-get install s3cmd.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/uuid.h"
#include "object/s3/s3_store.h"
#include "tests/contract/s3_test_server.h"

namespace nats3::object {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// A key with everything that encodings get wrong.
const std::string kOddKey = "odd/a b+c=d>e*f%2Fg~h&i;j'k(é)/日本";

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

class S3Interop : public testing::Test {
 protected:
  void SetUp() override {
    const auto server = s3_test_server();
    if (!server) {
      GTEST_SKIP() << kNoS3Server;
    }
    options_ = *server;
    options_.multipart_above_bytes = 6 << 20;
    options_.part_bytes = 5 << 20;
    auto opened = make_s3_provider(options_)->open("nats3-interop", IfMissing::kCreate);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
    prefix_ = make_uuid() + "/";
    folder_ = fs::temp_directory_path() / ("nats3-interop-" + make_uuid());
    fs::create_directories(folder_);
  }

  void TearDown() override {
    if (store_) {
      const auto page = store_->list({.prefix = prefix_});
      ASSERT_TRUE(page) << page.error().message;
      for (const ObjectInfo& object : page->objects) {
        EXPECT_TRUE(store_->remove(object.key));
      }
      fs::remove_all(folder_);
    }
  }

  [[nodiscard]] std::string uri(const std::string& key) const {
    return "s3://nats3-interop/" + prefix_ + key;
  }

  // Runs s3cmd without a shell, so that odd keys need no quoting. Returns what it printed.
  std::string s3cmd(const std::vector<std::string>& arguments) {
    write_config();
    std::vector<std::string> all = {"s3cmd", "-c", (folder_ / "s3cfg").string(), "--no-progress"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& argument : all) {
      argv.push_back(argument.data());
    }
    argv.push_back(nullptr);
    const std::string output = (folder_ / "output").string();
    const pid_t child = ::fork();
    if (child == 0) {
      const int file = ::open(output.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
      if (::dup2(file, STDOUT_FILENO) >= 0 && ::dup2(file, STDERR_FILENO) >= 0) {
        ::execvp(argv[0], argv.data());
      }
      ::_exit(127);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << read_file(output);
    return read_file(output);
  }

  void write_config() const {
    const Credentials keys = options_.credentials->fetch()->keys;
    const std::string host = options_.endpoint.substr(options_.endpoint.find("//") + 2);
    std::ofstream(folder_ / "s3cfg")
        << "[default]\naccess_key=" << keys.access << "\nsecret_key=" << keys.secret
        << "\nhost_base=" << host << "\nhost_bucket=" << host
        << "\nuse_https=" << (options_.endpoint.starts_with("https") ? "True" : "False") << "\n";
  }

  static bool has_s3cmd() { return std::system("command -v s3cmd >/dev/null 2>&1") == 0; }

  S3Options options_;
  std::shared_ptr<ObjectStore> store_;
  std::string prefix_;
  fs::path folder_;
};

TEST_F(S3Interop, S3cmdFindsAndGetsWhatWePut) {
  if (!has_s3cmd()) {
    GTEST_SKIP() << "needs s3cmd: apt-get install s3cmd";
  }
  const std::string body("body\0with a NUL", 15);
  ASSERT_TRUE(store_->put(prefix_ + kOddKey, body));
  EXPECT_THAT(s3cmd({"ls", "--recursive", uri("odd/")}), HasSubstr(uri(kOddKey)));
  s3cmd({"get", uri(kOddKey), (folder_ / "got").string()});
  EXPECT_EQ(read_file(folder_ / "got"), body);
}

TEST_F(S3Interop, WeFindAndGetWhatS3cmdPut) {
  if (!has_s3cmd()) {
    GTEST_SKIP() << "needs s3cmd: apt-get install s3cmd";
  }
  std::ofstream(folder_ / "put") << "theirs";
  s3cmd({"put", (folder_ / "put").string(), uri(kOddKey)});
  const auto page = store_->list({.prefix = prefix_});
  ASSERT_TRUE(page) << page.error().message;
  ASSERT_EQ(page->objects.size(), 1U);
  EXPECT_EQ(page->objects[0].key, prefix_ + kOddKey);
  EXPECT_EQ(page->objects[0].size, 6U);
  EXPECT_EQ(store_->get(prefix_ + kOddKey), "theirs");
}

TEST_F(S3Interop, S3cmdGetsWhatWePutInParts) {
  if (!has_s3cmd()) {
    GTEST_SKIP() << "needs s3cmd: apt-get install s3cmd";
  }
  std::string body;
  for (int i = 0; body.size() < (11 << 20); ++i) {
    body += std::to_string(i) + ",";
  }
  ASSERT_TRUE(store_->put(prefix_ + kOddKey, body));
  EXPECT_EQ(store_->get(prefix_ + kOddKey), body);
  EXPECT_EQ(store_->get(prefix_ + kOddKey, ByteRange{(5 << 20) - 3, 6}),
            body.substr((5 << 20) - 3, 6));
  s3cmd({"get", uri(kOddKey), (folder_ / "got").string()});
  EXPECT_TRUE(read_file(folder_ / "got") == body);
  EXPECT_THAT(s3cmd({"multipart", "s3://nats3-interop"}), testing::Not(HasSubstr(prefix_)));
}

// As after a bit of it was lost in memory.
TEST_F(S3Interop, ABodyThatIsNotWhatItsHashSaysIsRefused) {
  const std::string key = prefix_ + "key";
  for (const std::size_t size : {std::size_t{4}, std::size_t{100'000}, std::size_t{5} << 20}) {
    const std::string body(size, 'a');
    const std::string damaged = std::string(size - 1, 'a') + "b";
    ASSERT_TRUE(store_->put(key, Body{body, sha256(body)}));
    EXPECT_FALSE(store_->put(key, Body{damaged, sha256(body)})) << size;
    EXPECT_EQ(store_->get(key), body);
  }
}

TEST_F(S3Interop, AWrongSecretIsDeniedAndSaysSo) {
  Credentials keys = options_.credentials->fetch()->keys;
  keys.secret += "x";
  options_.credentials = fixed_credentials(keys);
  const auto opened = make_s3_provider(options_)->open("nats3-interop", IfMissing::kFail);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kDenied);
  EXPECT_THAT(opened.error().message, HasSubstr("SignatureDoesNotMatch"));
  EXPECT_THAT(opened.error().message, HasSubstr("check the secret key"));
}

TEST_F(S3Interop, AClockHoursAwayIsSetByTheRealServersAnswer) {
  ManualClock clock(Clock::system().now() - std::chrono::hours{5});
  options_.clock = &clock;
  const auto opened = make_s3_provider(options_)->open("nats3-interop", IfMissing::kFail);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_TRUE((*opened)->put(prefix_ + "a", "x"));
}

TEST_F(S3Interop, OurBucketInARegionTheServerDoesNotKnowIsMade) {
  options_.region = "my-rack";
  const auto opened = make_s3_provider(options_)->open("nats3-interop-region", IfMissing::kCreate);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_TRUE(make_s3_provider(options_)->open("nats3-interop-region", IfMissing::kCreate));
}

}  // namespace
}  // namespace nats3::object
