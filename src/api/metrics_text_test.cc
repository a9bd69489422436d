#include "api/metrics_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "api/fake_archive_service.h"
#include "api/fake_job_service.h"

namespace nats3::api {
namespace {

class MetricsTextTest : public ::testing::Test {
 protected:
  // Samples by name and labels, as they stand in the text.
  std::map<std::string, std::string> samples() {
    std::map<std::string, std::string> found;
    std::istringstream lines(metrics_text(context_));
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with('#')) {
        const std::size_t space = line.rfind(' ');
        EXPECT_TRUE(found.emplace(line.substr(0, space), line.substr(space + 1)).second) << line;
      }
    }
    return found;
  }

  FakeJobService jobs_;
  jobs::Metrics metrics_;
  FakeArchiveService archives_;
  ManualClock clock_;
  ApiContext context_{.jobs = jobs_,
                      .archives = archives_,
                      .metrics = metrics_,
                      .ready = [] { return Result<void>{}; },
                      .version = "1.2.3",
                      .clock = clock_};
};

TEST_F(MetricsTextTest, EveryLabelCombinationIsThereFromTheStart) {
  const auto found = samples();
  for (const std::string suffix : {"", "_total"}) {
    for (const char* name : {"nats3_nats_messages_total", "nats3_nats_bytes_total",
                             "nats3_s3_objects_total", "nats3_s3_bytes_total"}) {
      for (const char* direction : {"in", "out"}) {
        const std::string sample = name + suffix + "{direction=\"" + direction + "\"}";
        ASSERT_TRUE(found.contains(sample)) << sample;
        EXPECT_EQ(found.at(sample), "0");
      }
    }
    for (const char* type : {"store", "load"}) {
      for (const char* status : {"completed", "failed"}) {
        const std::string sample =
            "nats3_jobs_total" + suffix + "{job_type=\"" + type + "\",status=\"" + status + "\"}";
        EXPECT_TRUE(found.contains(sample)) << sample;
      }
    }
  }
  EXPECT_EQ(found.at("nats3_jobs_current{job_type=\"store\"}"), "0");
  EXPECT_EQ(found.at("nats3_jobs_current{job_type=\"load\"}"), "0");
  EXPECT_EQ(found.at("nats3_ready"), "1");
  EXPECT_EQ(found.at("nats3_retries_total"), "0");
}

TEST_F(MetricsTextTest, BothNamesOfACounterAreEqual) {
  metrics_.nats_messages.out = 7;
  metrics_.nats_bytes.in = 123'456'789'012;
  metrics_.s3_objects.in = 3;
  metrics_.loads.completed = 2;
  metrics_.stores.failed = 1;
  metrics_.stores.current = 4;
  const auto found = samples();
  EXPECT_EQ(found.at("nats3_nats_messages_total{direction=\"out\"}"), "7");
  EXPECT_EQ(found.at("nats3_nats_bytes_total_total{direction=\"in\"}"), "123456789012");
  EXPECT_EQ(found.at("nats3_jobs_current{job_type=\"store\"}"), "4");
  EXPECT_EQ(found.at("nats3_jobs_total_total{job_type=\"load\",status=\"completed\"}"), "2");
  EXPECT_EQ(found.at("nats3_jobs_total{job_type=\"store\",status=\"failed\"}"), "1");
  for (const auto& [sample, value] : found) {
    if (const std::size_t doubled = sample.find("_total_total"); doubled != sample.npos) {
      std::string clean = sample;
      clean.erase(doubled, 6);
      EXPECT_EQ(found.at(clean), value) << sample;
    }
  }
}

TEST_F(MetricsTextTest, JobsTellTheirLagAndTrouble) {
  jobs::StoreJob job;
  job.info.id = "7f6e3c9e-5f2b-4c58-9f3a-000000000001";
  job.info.last_error_since = clock_.now() - std::chrono::seconds{30};
  job.spec.name = "quote\" and \\";
  job.spec.stream = "jobs";
  job.progress.lag = 12;
  job.progress.last_sequence = 88;
  job.progress.unseen = 7;
  job.progress.oldest_unarchived = clock_.now() - std::chrono::milliseconds{2'500};
  jobs_.set(job);
  const auto found = samples();
  const std::string labels =
      R"({job_id="7f6e3c9e-5f2b-4c58-9f3a-000000000001",name="quote\" and \\",stream="jobs"})";
  EXPECT_EQ(found.at("nats3_store_lag_messages" + labels), "12");
  EXPECT_EQ(found.at("nats3_store_last_sequence" + labels), "88");
  EXPECT_EQ(found.at("nats3_store_unseen_messages" + labels), "7");
  EXPECT_EQ(found.at("nats3_store_oldest_unarchived_seconds" + labels), "2.5");
  EXPECT_EQ(found.at("nats3_job_error_seconds" + labels), "30");
}

TEST_F(MetricsTextTest, ALagThatIsNotKnownIsNoSample) {
  jobs::StoreJob job;
  job.info.id = "7f6e3c9e-5f2b-4c58-9f3a-000000000001";
  job.spec.name = "job";
  job.spec.stream = "jobs";
  jobs_.set(job);
  const auto found = samples();
  const std::string labels =
      R"({job_id="7f6e3c9e-5f2b-4c58-9f3a-000000000001",name="job",stream="jobs"})";
  EXPECT_FALSE(found.contains("nats3_store_lag_messages" + labels));
  EXPECT_FALSE(found.contains("nats3_store_oldest_unarchived_seconds" + labels));
  EXPECT_EQ(found.at("nats3_store_last_sequence" + labels), "0");
}

TEST_F(MetricsTextTest, CountersStayWhenJobsCantBeListed) {
  jobs_.fail_with(Error{ErrorCode::kUnavailable, "away"});
  context_.ready = [] { return Result<void>{fail(ErrorCode::kUnavailable, "away")}; };
  const auto found = samples();
  EXPECT_EQ(found.at("nats3_ready"), "0");
  EXPECT_TRUE(found.contains("nats3_retries_total"));
}

TEST_F(MetricsTextTest, TheProcessIsThere) {
  const auto found = samples();
  EXPECT_GT(std::stod(found.at("process_resident_memory_bytes")), 100'000);
  EXPECT_GE(std::stod(found.at("process_threads")), 1);
  EXPECT_GT(std::stod(found.at("process_open_fds")), 2);
  EXPECT_GT(std::stod(found.at("process_start_time_seconds")), 1e9);
}

}  // namespace
}  // namespace nats3::api
