#include "api/archive_routes.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "api/query.h"
#include "api/responses.h"
#include "base/subject.h"
#include "base/time_text.h"
#include "jobs/archive_json.h"

namespace nats3::api {
namespace {

struct StreamPlace {
  std::string bucket;
  std::string prefix;
  std::string stream;
};

Result<StreamPlace> stream_of(const Query& query) {
  const auto bucket = query.wanted("bucket");
  const auto stream = query.wanted("stream");
  if (!bucket || !stream) {
    return fail(bucket ? stream.error() : bucket.error());
  }
  return StreamPlace{*bucket, query.text("prefix"), *stream};
}

Result<std::string> parse_subject(const std::string& text) {
  return check_subject_filter(text).map([&] { return text; });
}

Result<std::uint64_t> parse_count(std::string_view text) {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || end != text.data() + text.size() || count == 0) {
    return fail(ErrorCode::kInvalid,
                fmt::format("must be a whole number from 1 on, not '{}'", text.substr(0, 64)));
  }
  return count;
}

// "20261124T015425.123456789Z:42"
Result<catalog::Position> parse_place(const std::string& text) {
  const std::string epoch = text.substr(0, text.rfind(':'));
  const auto sequence = parse_count(std::string_view(text).substr(text.rfind(':') + 1));
  if (epoch.empty() || epoch.size() == text.size() || !sequence) {
    return fail(ErrorCode::kInvalid, fmt::format("must be an epoch and a sequence, such as "
                                                 "20261124T015425.123456789Z:42, not '{}'",
                                                 text.substr(0, 64)));
  }
  return catalog::Position{.epoch = epoch, .sequence = *sequence, .reached = {}};
}

Result<catalog::Selection> selection_of(const Query& query) {
  catalog::Selection selection;
  const auto subject = query.optional("subject", parse_subject);
  const auto after = query.optional("after", parse_place);
  const auto from = query.optional("from_time", parse_time);
  const auto to = query.optional("to_time", parse_time);
  if (!subject || !after) {
    return fail(subject ? after.error() : subject.error());
  }
  if (!from || !to) {
    return fail(from ? to.error() : from.error());
  }
  if (*from && *to && **from > **to) {
    return fail(ErrorCode::kInvalid, fmt::format("from_time must not be after to_time ({} > {})",
                                                 format_time(**from), format_time(**to)));
  }
  selection.subject = subject->value_or(selection.subject);
  selection.after = after->value_or(selection.after);
  selection.from_time = *from;
  selection.to_time = *to;
  return selection;
}

// An answer made of `lines` as they come.
Result<HttpResponse> answer_with(jobs::ArchiveService::Lines lines) {
  auto first = lines();  // what is wrong from the beginning has a status of its own
  if (!first) {
    return fail(first.error());
  }
  HttpResponse response{.status = 200,
                        .content_type = std::string(kLinesType),
                        .body = first->value_or(""),
                        .headers = {}};
  if (*first) {
    response.more = std::move(lines);
  }
  return response;
}

HttpResponse or_error(const Result<HttpResponse>& answer) {
  return answer ? *answer : error_response_for(answer.error());
}

}  // namespace

HttpResponse archived_streams(jobs::ArchiveService& archives, const HttpRequest& request) {
  const auto answer = [&](const Query& query) {
    return query.wanted("bucket")
        .and_then([&](const std::string& bucket) {
          return archives.streams(bucket, query.text("prefix"));
        })
        .map([](const auto& contents) { return json_response(jobs::to_json(contents)); });
  };
  return or_error(Query::read(request, {"bucket", "prefix"}).and_then(answer));
}

HttpResponse archived_stream(jobs::ArchiveService& archives, const HttpRequest& request) {
  const auto answer = [&](const Query& query) {
    return stream_of(query).and_then([&](const StreamPlace& place) {
      return archives.stream(place.bucket, place.prefix, place.stream)
          .map([&](const auto& contents) {
            return json_response(jobs::to_json(place.stream, contents));
          });
    });
  };
  return or_error(Query::read(request, {"bucket", "prefix", "stream"}).and_then(answer));
}

HttpResponse archived_messages(jobs::ArchiveService& archives, const HttpRequest& request) {
  const auto answer = [&](const Query& query) -> Result<HttpResponse> {
    const auto place = stream_of(query);
    if (!place) {
      return fail(place.error());
    }
    const auto selection = selection_of(query);
    const auto limit = query.optional("limit", parse_count);
    if (!selection || !limit) {
      return fail(selection ? limit.error() : selection.error());
    }
    return archives
        .read(place->bucket, place->prefix, place->stream, *selection, limit->value_or(UINT64_MAX))
        .and_then(answer_with);
  };
  return or_error(Query::read(request, {"bucket", "prefix", "stream", "subject", "after",
                                        "from_time", "to_time", "limit"})
                      .and_then(answer));
}

HttpResponse prune_stream(jobs::ArchiveService& archives, const HttpRequest& request) {
  const auto answer = [&](const Query& query) -> Result<HttpResponse> {
    const auto place = stream_of(query);
    if (!place) {
      return fail(place.error());
    }
    const auto before = query.wanted("before", parse_time);
    const auto dry_run = query.optional("dry_run", parse_flag);
    if (!before || !dry_run) {
      return fail(before ? dry_run.error() : before.error());
    }
    return archives
        .prune(place->bucket, place->prefix, place->stream, *before, dry_run->value_or(false))
        .map([&](const auto& pruned) {
          return json_response(jobs::to_json(place->stream, pruned));
        });
  };
  return or_error(
      Query::read(request, {"bucket", "prefix", "stream", "before", "dry_run"}).and_then(answer));
}

}  // namespace nats3::api
