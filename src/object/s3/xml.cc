#include "object/s3/xml.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <pugixml.hpp>
#include <sstream>

#include "base/percent.h"
#include "object/keys.h"

namespace nats3::object {
namespace {

constexpr std::string_view kNamespace = "http://s3.amazonaws.com/doc/2006-03-01/";
constexpr std::size_t kMaxEntries = 1000;

// The root element of `xml` if it is called `name`, else null. `document` owns it.
pugi::xml_node parse_root(pugi::xml_document& document, std::string_view xml, const char* name) {
  const pugi::xml_parse_result parsed =
      document.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8);
  return parsed ? document.child(name) : pugi::xml_node{};
}

tl::unexpected<Error> not_a_listing(std::string_view why) {
  return fail(ErrorCode::kUnavailable,
              fmt::format("the answer is not an S3 listing: {}; does the endpoint speak S3?", why));
}

// Decodes what encoding-type=url encoded. Servers differ in how: AWS and MinIO write a space as
// '+', Ceph as "%20"; all write '+' as "%2B".
Result<std::string> decode_key(std::string text) {
  std::ranges::replace(text, '+', ' ');
  auto key = percent_decode(text);
  return key ? key : not_a_listing(key.error().message);
}

class ListParser {
 public:
  explicit ListParser(const pugi::xml_node& root)
      : root_(root), encoded_(std::string_view(root.child_value("EncodingType")) == "url") {}

  Result<ListPage> parse() {
    ListPage page;
    for (const pugi::xml_node& item : root_.children("Contents")) {
      auto object = parse_object(item);
      if (!object) {
        return fail(std::move(object.error()));
      }
      page.objects.push_back(std::move(*object));
    }
    for (const pugi::xml_node& item : root_.children("CommonPrefixes")) {
      auto prefix = text_of(item, "Prefix");
      if (!prefix) {
        return fail(std::move(prefix.error()));
      }
      page.common_prefixes.push_back(std::move(*prefix));
    }
    if (page.objects.size() + page.common_prefixes.size() > kMaxEntries) {
      return not_a_listing(fmt::format("it has more than {} entries", kMaxEntries));
    }
    const std::string_view truncated = root_.child_value("IsTruncated");
    if (truncated != "true" && truncated != "false") {
      return not_a_listing("it does not say whether it is whole");
    }
    if (truncated == "true") {
      page.next_token = root_.child_value("NextContinuationToken");
      if (page.next_token.empty()) {
        return not_a_listing("it is not whole, and has no token to go on with");
      }
    }
    return page;
  }

 private:
  [[nodiscard]] Result<std::string> text_of(const pugi::xml_node& item, const char* name) const {
    std::string text = item.child_value(name);
    if (text.empty()) {
      return not_a_listing(fmt::format("a {} is empty", name));
    }
    return encoded_ ? decode_key(std::move(text)) : text;
  }

  [[nodiscard]] Result<ObjectInfo> parse_object(const pugi::xml_node& item) const {
    auto key = text_of(item, "Key");
    if (!key) {
      return fail(std::move(key.error()));
    }
    const std::string_view size = item.child_value("Size");
    ObjectInfo info{std::move(*key), 0};
    const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), info.size);
    if (error != std::errc{} || end != size.data() + size.size()) {
      return not_a_listing(fmt::format("'{}' has no size", printable(info.key)));
    }
    return info;
  }

  const pugi::xml_node& root_;
  bool encoded_;
};

std::string to_text(const pugi::xml_document& document) {
  std::ostringstream out;
  document.save(out, "", pugi::format_raw);
  return std::move(out).str();
}

}  // namespace

std::optional<S3Error> parse_error(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_node root = parse_root(document, xml, "Error");
  if (!root) {
    return std::nullopt;
  }
  return S3Error{root.child_value("Code"), root.child_value("Message"), root.child_value("Region"),
                 root.child_value("RequestId")};
}

Result<ListPage> parse_list_result(std::string_view xml) {
  if (xml.size() > kMaxListBytes) {
    return not_a_listing("it is too large");
  }
  pugi::xml_document document;
  const pugi::xml_node root = parse_root(document, xml, "ListBucketResult");
  if (!root) {
    return not_a_listing("it has no ListBucketResult");
  }
  return ListParser(root).parse();
}

Result<std::string> parse_upload_id(std::string_view xml) {
  pugi::xml_document document;
  std::string id =
      parse_root(document, xml, "InitiateMultipartUploadResult").child_value("UploadId");
  if (id.empty()) {
    return fail(ErrorCode::kUnavailable, "the answer has no UploadId; does the endpoint speak S3?");
  }
  return id;
}

bool is_complete_result(std::string_view xml) {
  pugi::xml_document document;
  return !parse_root(document, xml, "CompleteMultipartUploadResult").empty();
}

std::string write_complete(const std::vector<std::string>& etags) {
  pugi::xml_document document;
  pugi::xml_node root = document.append_child("CompleteMultipartUpload");
  root.append_attribute("xmlns") = kNamespace.data();
  for (std::size_t i = 0; i < etags.size(); ++i) {
    pugi::xml_node part = root.append_child("Part");
    part.append_child("PartNumber").text() = static_cast<unsigned>(i + 1);
    part.append_child("ETag").text() = etags[i].c_str();
  }
  return to_text(document);
}

std::string write_create_bucket(std::string_view region) {
  pugi::xml_document document;
  pugi::xml_node root = document.append_child("CreateBucketConfiguration");
  root.append_attribute("xmlns") = kNamespace.data();
  root.append_child("LocationConstraint").text() = std::string(region).c_str();
  return to_text(document);
}

}  // namespace nats3::object
