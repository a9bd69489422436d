#include "archive/subject_summary.h"

#include <algorithm>

#include "base/digest.h"
#include "base/subject.h"

namespace nats3::archive {
namespace {

constexpr std::uint8_t kListed = 1;
constexpr std::uint8_t kFiltered = 2;
constexpr std::uint64_t kBitsPerSubject = 10;  // about 1 % false positives
constexpr std::uint64_t kBitsPerPair = 12;     // 0.3 %: a chunk has many frames
constexpr char kMark = '\xff';

// Of a filter without frames, before it is cut to what is allowed.
std::uint64_t plain_filter_bytes(std::uint64_t subjects) {
  return (subjects * kBitsPerSubject + 63) / 64 * 8;
}

// What stands for a subject in a frame.
std::uint64_t pair_hash(std::string_view subject, std::size_t frame) {
  std::string pair(subject);
  put_fixed(pair, static_cast<std::uint32_t>(frame));
  return xxh3_64(pair);
}

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

void set_bits(SubjectSummary& summary, std::uint64_t hash) {
  each_bit(hash, summary.filter.size(), summary.probes, [&](std::uint64_t bit) {
    summary.filter[bit / 8] |= static_cast<char>(1 << (bit % 8));
    return true;
  });
}

bool has_bits(const SubjectSummary& summary, std::uint64_t hash) {
  return each_bit(hash, summary.filter.size(), summary.probes, [&](std::uint64_t bit) {
    return (static_cast<unsigned char>(summary.filter[bit / 8]) >> (bit % 8) & 1) != 0;
  });
}

// Without bits yet, for so many subjects and pairs.
SubjectSummary empty_filter(std::uint64_t subjects, std::size_t bytes, std::uint64_t entries) {
  SubjectSummary summary;
  summary.distinct = subjects;
  summary.filter.assign(bytes, '\0');
  // ln 2 bits an entry make the fewest false positives.
  const std::uint64_t probes = bytes * 8 * 693 / (entries * 1'000);
  summary.probes =
      static_cast<std::uint8_t>(std::clamp<std::uint64_t>(probes, 1, SubjectSummary::kMaxProbes));
  return summary;
}

SubjectSummary make_filter(const std::vector<CountedSubject>& subjects,
                           const std::vector<SubjectInFrame>& pairs) {
  const std::uint64_t entries = subjects.size() + pairs.size();
  const std::uint64_t with_frames =
      (entries * kBitsPerPair + 63) / 64 * 8 + SubjectSummary::kMarkBytes;
  const bool tells_frames = !pairs.empty() && with_frames <= SubjectSummary::kMaxFilterBytes;
  const std::size_t bytes = tells_frames
                                ? with_frames
                                : std::min<std::uint64_t>(plain_filter_bytes(subjects.size()),
                                                          SubjectSummary::kMaxFilterBytes);
  SubjectSummary summary =
      empty_filter(subjects.size(), bytes, tells_frames ? entries : subjects.size());
  for (const CountedSubject& subject : subjects) {
    set_bits(summary, subject.hash);
  }
  if (tells_frames) {
    for (const auto& [subject, frame] : pairs) {
      set_bits(summary, pair_hash(subjects[subject].subject, frame));
    }
    std::fill_n(summary.filter.rbegin(), SubjectSummary::kMarkBytes, kMark);
  }
  return summary;
}

bool is_literal(std::string_view subject_filter) {
  return subject_filter.find_first_of("*>") == subject_filter.npos;
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
  return !is_literal(subject_filter) || has_bits(*this, xxh3_64(subject_filter));
}

// A filter without frames is never so long, so that its last bits, whatever they are, aren't taken
// for a mark. The first comparison keeps a forged number from overflowing.
bool SubjectSummary::tells_frames() const {
  return distinct <= kMaxFilterBytes &&
         filter.size() >= plain_filter_bytes(distinct) + kMarkBytes &&
         std::all_of(filter.end() - kMarkBytes, filter.end(),
                     [](char byte) { return byte == kMark; });
}

bool SubjectSummary::may_contain(std::string_view subject_filter, std::size_t frame) const {
  return !tells_frames() || !is_literal(subject_filter) ||
         has_bits(*this, pair_hash(subject_filter, frame));
}

SubjectSummary summarise_subjects(std::vector<CountedSubject> subjects,
                                  const std::vector<SubjectInFrame>& pairs) {
  std::size_t bytes = 0;
  for (const CountedSubject& subject : subjects) {
    bytes += subject.subject.size();
  }
  const bool few =
      subjects.size() <= SubjectSummary::kMaxListed && bytes <= SubjectSummary::kMaxListedBytes;
  return few ? make_list(std::move(subjects)) : make_filter(subjects, pairs);
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
