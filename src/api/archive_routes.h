// What the routes under /archive answer: what is in a bucket, and what is removed from it. They
// block on the object store. Any thread.
#pragma once

#include "api/http.h"
#include "jobs/archive_service.h"

namespace nats3::api {

// GET /archive/streams?bucket=...&prefix=...
[[nodiscard]] HttpResponse archived_streams(jobs::ArchiveService& archives,
                                            const HttpRequest& request);
// GET /archive/stream?bucket=...&prefix=...&stream=...
[[nodiscard]] HttpResponse archived_stream(jobs::ArchiveService& archives,
                                           const HttpRequest& request);
// GET /archive/messages?bucket=...&prefix=...&stream=...&subject=...&after=...&from_time=...
//                      &to_time=...&limit=...
[[nodiscard]] HttpResponse archived_messages(jobs::ArchiveService& archives,
                                             const HttpRequest& request);
// DELETE /archive/stream?bucket=...&prefix=...&stream=...&before=...&dry_run=true
[[nodiscard]] HttpResponse prune_stream(jobs::ArchiveService& archives, const HttpRequest& request);

}  // namespace nats3::api
