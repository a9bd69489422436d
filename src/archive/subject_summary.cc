#include "archive/subject_summary.h"

#include <algorithm>

#include "base/digest.h"
#include "base/subject.h"

namespace nats3::archive {
namespace {

constexpr std::uint8_t kListed = 1;
constexpr std::uint8_t kFiltered = 2;
constexpr std::uint64_t kBitsPerSubject = 10;  // about 1 % false positives

// Calls `visit` with each of the bits that stand for a hash, until it returns false.
template <typename Visit>
bool each_bit(std::uint64_t hash, std::size_t filter_bytes, std::uint8_t probes, Visit visit) {
  // Double hashing: Kirsch and Mitzenmacher, "Less Hashing, Same Performance".
  const std::uint64_t step = (hash >> 32) | 1;
  std::uint64_t at = hash & 0xffff'ffff;
  for (std::uint8_t i = 0; i < probes; ++i, at += step) {
    if (!visit(at % (filter_bytes * 8))) {
      return false;
    }
  }
  return true;
}

SubjectSummary make_list(std::vector<CountedSubject> subjects) {
  std::ranges::sort(subjects, {}, &CountedSubject::subject);
  SubjectSummary summary;
  summary.distinct = subjects.size();
  for (const auto& [subject, hash, count] : subjects) {
    summary.listed.push_back({std::string(subject), count});
  }
  return summary;
}

SubjectSummary make_filter(const std::vector<CountedSubject>& subjects) {
  SubjectSummary summary;
  summary.distinct = subjects.size();
  const std::uint64_t words = (subjects.size() * kBitsPerSubject + 63) / 64;
  const std::size_t bytes = std::min<std::size_t>(words * 8, SubjectSummary::kMaxFilterBytes);
  summary.filter.assign(bytes, '\0');
  // ln 2 bits a subject make the fewest false positives.
  const std::uint64_t probes = bytes * 8 * 693 / (subjects.size() * 1'000);
  summary.probes =
      static_cast<std::uint8_t>(std::clamp<std::uint64_t>(probes, 1, SubjectSummary::kMaxProbes));
  for (const CountedSubject& subject : subjects) {
    each_bit(subject.hash, bytes, summary.probes, [&](std::uint64_t bit) {
      summary.filter[bit / 8] |= static_cast<char>(1 << (bit % 8));
      return true;
    });
  }
  return summary;
}

tl::unexpected<Error> corrupt() {
  return fail(ErrorCode::kCorrupt, "footer: its subjects can't be read");
}

Result<SubjectSummary> read_list(ByteReader& in) {
  SubjectSummary summary;
  summary.distinct = in.varint();
  if (summary.distinct == 0 || summary.distinct > SubjectSummary::kMaxListed) {
    return corrupt();
  }
  std::size_t bytes = 0;
  for (std::uint64_t i = 0; i < summary.distinct; ++i) {
    const std::string_view subject = in.bytes();
    const std::uint64_t count = in.varint();
    bytes += subject.size();
    const bool ascends = i == 0 || summary.listed.back().subject < subject;
    if (!in.ok() || count == 0 || !ascends || bytes > SubjectSummary::kMaxListedBytes) {
      return corrupt();
    }
    summary.listed.push_back({std::string(subject), count});
  }
  return summary;
}

Result<SubjectSummary> read_filter(ByteReader& in) {
  SubjectSummary summary;
  summary.distinct = in.varint();
  summary.probes = in.fixed<std::uint8_t>();
  summary.filter = in.bytes();
  const std::size_t size = summary.filter.size();
  if (!in.ok() || summary.distinct == 0 || size == 0 || size % 8 != 0 ||
      size > SubjectSummary::kMaxFilterBytes || summary.probes == 0 ||
      summary.probes > SubjectSummary::kMaxProbes) {
    return corrupt();
  }
  return summary;
}

}  // namespace

bool SubjectSummary::may_contain(std::string_view subject_filter) const {
  if (complete()) {
    return std::ranges::any_of(listed, [&](const SubjectCount& entry) {
      return subject_matches(subject_filter, entry.subject);
    });
  }
  if (subject_filter.find_first_of("*>") != subject_filter.npos) {
    return true;
  }
  return each_bit(xxh3_64(subject_filter), filter.size(), probes, [&](std::uint64_t bit) {
    return (static_cast<unsigned char>(filter[bit / 8]) >> (bit % 8) & 1) != 0;
  });
}

SubjectSummary summarise_subjects(std::vector<CountedSubject> subjects) {
  std::size_t bytes = 0;
  for (const CountedSubject& subject : subjects) {
    bytes += subject.subject.size();
  }
  const bool few =
      subjects.size() <= SubjectSummary::kMaxListed && bytes <= SubjectSummary::kMaxListedBytes;
  return few ? make_list(std::move(subjects)) : make_filter(subjects);
}

void put_subjects(std::string& out, const SubjectSummary& subjects) {
  put_fixed(out, subjects.complete() ? kListed : kFiltered);
  put_varint(out, subjects.distinct);
  if (subjects.complete()) {
    for (const auto& [subject, count] : subjects.listed) {
      put_bytes(out, subject);
      put_varint(out, count);
    }
  } else {
    put_fixed(out, subjects.probes);
    put_bytes(out, subjects.filter);
  }
}

Result<SubjectSummary> read_subjects(ByteReader& in) {
  switch (in.fixed<std::uint8_t>()) {
    case kListed:
      return read_list(in);
    case kFiltered:
      return read_filter(in);
    default:
      return corrupt();
  }
}

}  // namespace nats3::archive
