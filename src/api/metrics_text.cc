#include "api/metrics_text.h"

#include <prometheus/text_serializer.h>

#include <sstream>
#include <utility>
#include <vector>

#include "api/process_stats.h"
#include "jobs/job_json.h"

namespace nats3::api {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

ClientMetric counter(Labels labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.counter.value = value;
  return metric;
}

ClientMetric gauge(Labels labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.gauge.value = value;
  return metric;
}

// Collects families for the serializer.
class Families {
 public:
  void add_counter(std::string name, std::string help, std::vector<ClientMetric> metrics) {
    families_.push_back(
        {std::move(name), std::move(help), MetricType::Counter, std::move(metrics)});
  }

  // Under the name nats-s3-connector shows it by, and the one that is meant.
  void add_legacy_counter(const std::string& name, const std::string& help,
                          const std::vector<ClientMetric>& metrics) {
    add_counter(name, help, metrics);
    add_counter(name + "_total", help + " (the name nats-s3-connector has)", metrics);
  }

  void add_gauge(std::string name, std::string help, std::vector<ClientMetric> metrics) {
    families_.push_back({std::move(name), std::move(help), MetricType::Gauge, std::move(metrics)});
  }

  [[nodiscard]] std::string text() const {
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, families_);
    return std::move(out).str();
  }

 private:
  std::vector<MetricFamily> families_;
};

double value_of(const auto& atomic) {
  return static_cast<double>(atomic.load(std::memory_order_relaxed));
}

std::vector<ClientMetric> by_direction(const jobs::Traffic& traffic) {
  return {counter({{"direction", "in"}}, value_of(traffic.in)),
          counter({{"direction", "out"}}, value_of(traffic.out))};
}

void add_work(Families& families, const jobs::Metrics& metrics) {
  std::vector<ClientMetric> ended;
  std::vector<ClientMetric> current;
  for (const auto& [type, counts] :
       {std::pair{"store", &metrics.stores}, std::pair{"load", &metrics.loads},
        std::pair{"verify", &metrics.verifications}}) {
    ended.push_back(
        counter({{"job_type", type}, {"status", "completed"}}, value_of(counts->completed)));
    ended.push_back(counter({{"job_type", type}, {"status", "failed"}}, value_of(counts->failed)));
    current.push_back(gauge({{"job_type", type}}, value_of(counts->current)));
  }
  families.add_legacy_counter("nats3_jobs_total", "Jobs that completed or failed", ended);
  families.add_gauge("nats3_jobs_current", "Jobs running now", current);
  families.add_legacy_counter("nats3_nats_messages_total",
                              "Messages read from NATS (out) and published to it (in)",
                              by_direction(metrics.nats_messages));
  families.add_legacy_counter("nats3_nats_bytes_total",
                              "Bytes of chunks made of messages read from NATS (out) and of "
                              "payloads published to it (in)",
                              by_direction(metrics.nats_bytes));
  families.add_legacy_counter("nats3_s3_objects_total",
                              "Chunks written to the object store (in) and read from it (out)",
                              by_direction(metrics.s3_objects));
  families.add_legacy_counter("nats3_s3_bytes_total",
                              "Bytes of chunks written to the object store (in) and read from it "
                              "(out)",
                              by_direction(metrics.s3_bytes));
  families.add_counter("nats3_retries_total",
                       "Attempts put off because NATS or the object store "
                       "was away, slow or overloaded",
                       {counter({}, value_of(metrics.retries))});
  families.add_counter("nats3_corrupt_chunks_total", "Damaged or missing chunks found on reading",
                       {counter({}, value_of(metrics.corrupt_chunks))});
  families.add_counter("nats3_unseen_messages_total",
                       "Messages that left their stream before they were archived, at most",
                       {counter({}, value_of(metrics.unseen_messages))});
}

void add_verified(Families& families, const jobs::Metrics& metrics) {
  std::vector<ClientMetric> findings;
  for (const catalog::FindingKind kind : catalog::kFindingKinds) {
    findings.push_back(counter({{"kind", std::string(catalog::to_string(kind))}},
                               value_of(metrics.findings[static_cast<std::size_t>(kind)])));
  }
  families.add_counter("nats3_verify_chunks_total", "Chunks that verifications looked at",
                       {counter({}, value_of(metrics.verified_chunks))});
  families.add_counter("nats3_verify_bytes_total", "Bytes that verifications read",
                       {counter({}, value_of(metrics.verified_bytes))});
  families.add_counter("nats3_verify_findings_total", "What verifications found", findings);
  families.add_counter("nats3_verify_repaired_total",
                       "Damaged or missing chunks that were archived again",
                       {counter({}, value_of(metrics.repaired_chunks))});
}

Labels job_labels(const jobs::JobInfo& info, const std::string& name, const std::string& stream) {
  return {{"job_id", info.id}, {"name", name}, {"stream", stream}};
}

double seconds_since(Timestamp then, Timestamp now) {
  return std::max(0.0, std::chrono::duration<double>(now - then).count());
}

void add_store_jobs(Families& families, const std::vector<jobs::StoreJob>& list, Timestamp now) {
  std::vector<ClientMetric> lag;
  std::vector<ClientMetric> age;
  std::vector<ClientMetric> sequence;
  std::vector<ClientMetric> unseen;
  for (const jobs::StoreJob& job : list) {
    const Labels labels = job_labels(job.info, job.spec.name, job.spec.stream);
    const jobs::StoreProgress& progress = job.progress;
    if (progress.lag) {
      lag.push_back(gauge(labels, static_cast<double>(*progress.lag)));
    }
    if (progress.lag || progress.oldest_unarchived) {  // else nobody knows
      age.push_back(gauge(labels, progress.oldest_unarchived
                                      ? seconds_since(*progress.oldest_unarchived, now)
                                      : 0.0));
    }
    sequence.push_back(gauge(labels, static_cast<double>(progress.last_sequence)));
    unseen.push_back(gauge(labels, static_cast<double>(progress.unseen)));
  }
  families.add_gauge("nats3_store_lag_messages",
                     "Messages of the stream not yet known to be archived", std::move(lag));
  families.add_gauge("nats3_store_oldest_unarchived_seconds",
                     "Age of the oldest message held and not yet archived", std::move(age));
  families.add_gauge("nats3_store_last_sequence",
                     "Every message selected up to this sequence is archived", std::move(sequence));
  families.add_gauge("nats3_store_unseen_messages",
                     "At most so many messages left the stream before this job archived them",
                     std::move(unseen));
}

void add_load_jobs(Families& families, const std::vector<jobs::LoadJob>& list) {
  std::vector<ClientMetric> done;
  std::vector<ClientMetric> total;
  for (const jobs::LoadJob& job : list) {
    const Labels labels = job_labels(job.info, job.spec.name, job.spec.read_stream);
    done.push_back(gauge(labels, static_cast<double>(job.progress.messages)));
    total.push_back(gauge(labels, static_cast<double>(job.progress.total_messages)));
  }
  families.add_gauge("nats3_load_messages", "Messages this job has replayed", std::move(done));
  families.add_gauge("nats3_load_total_messages", "Messages in the chunks this job selected",
                     std::move(total));
}

void add_verify_jobs(Families& families, const std::vector<jobs::VerifyJob>& list) {
  std::vector<ClientMetric> damaged;
  for (const jobs::VerifyJob& job : list) {
    damaged.push_back(gauge(job_labels(job.info, job.spec.name, job.spec.stream),
                            static_cast<double>(job.progress.damaged - job.progress.repaired)));
  }
  families.add_gauge("nats3_archive_damaged_chunks",
                     "Chunks that are damaged or missing as this verification left them",
                     std::move(damaged));
}

// Waiting or failed, by job: what an alert is made of.
void add_troubles(Families& families, const std::vector<jobs::StoreJob>& stores,
                  const std::vector<jobs::LoadJob>& loads,
                  const std::vector<jobs::VerifyJob>& verifications, Timestamp now) {
  std::vector<ClientMetric> troubled;
  const auto add = [&](const jobs::JobInfo& info, const std::string& name,
                       const std::string& stream) {
    troubled.push_back(
        gauge(job_labels(info, name, stream),
              info.last_error_since ? seconds_since(*info.last_error_since, now) : 0.0));
  };
  for (const jobs::StoreJob& job : stores) {
    add(job.info, job.spec.name, job.spec.stream);
  }
  for (const jobs::LoadJob& job : loads) {
    add(job.info, job.spec.name, job.spec.read_stream);
  }
  for (const jobs::VerifyJob& job : verifications) {
    add(job.info, job.spec.name, job.spec.stream);
  }
  families.add_gauge("nats3_job_error_seconds",
                     "How long the job has waited or been failed for its last error; 0: all well",
                     std::move(troubled));
}

void add_process(Families& families) {
  const auto stats = read_process_stats();
  if (!stats) {
    return;
  }
  families.add_counter("process_cpu_seconds_total", "CPU time used, user and system",
                       {counter({}, stats->cpu_seconds)});
  families.add_gauge("process_resident_memory_bytes", "Memory resident",
                     {gauge({}, static_cast<double>(stats->resident_bytes))});
  families.add_gauge("process_virtual_memory_bytes", "Memory mapped",
                     {gauge({}, static_cast<double>(stats->virtual_bytes))});
  families.add_gauge("process_threads", "Threads",
                     {gauge({}, static_cast<double>(stats->threads))});
  families.add_gauge("process_open_fds", "Open file descriptors",
                     {gauge({}, static_cast<double>(stats->open_files))});
  families.add_gauge("process_start_time_seconds", "When the process started, Unix time",
                     {gauge({}, stats->start_time_seconds)});
}

}  // namespace

std::string metrics_text(const ApiContext& context) {
  Families families;
  families.add_gauge("nats3_build_info", "Always 1; its label says which version this is",
                     {gauge({{"version", context.version}}, 1)});
  families.add_gauge("nats3_ready", "Whether the server can do its work right now",
                     {gauge({}, context.ready() ? 1 : 0)});
  add_work(families, context.metrics);
  add_verified(families, context.metrics);
  const auto stores = context.jobs.store_jobs();
  const auto loads = context.jobs.load_jobs();
  const auto verifications = context.jobs.verify_jobs();
  if (stores && loads && verifications) {
    const Timestamp now = context.clock.now();
    add_store_jobs(families, *stores, now);
    add_load_jobs(families, *loads);
    add_verify_jobs(families, *verifications);
    add_troubles(families, *stores, *loads, *verifications, now);
  }
  add_process(families);
  return families.text();
}

}  // namespace nats3::api
