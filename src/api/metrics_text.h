// The metrics in Prometheus' text format.
// Source: https://prometheus.io/docs/instrumenting/exposition_formats/
#pragma once

#include <string>

#include "api/api.h"

namespace nats3::api {

inline constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

// All metrics, every label combination of the server's own from the start. nats-s3-connector shows
// its counters with the suffix twice (nats3_jobs_total_total): those names stay, with the clean
// ones beside them. What can't be known right now (jobs while NATS is away) is left out.
[[nodiscard]] std::string metrics_text(const ApiContext& context);

}  // namespace nats3::api
