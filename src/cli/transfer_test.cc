// `nats3 job export` and `nats3 job import`, against a server that answers as told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/cli_testing.h"

namespace nats3::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

Json store_job(const std::string& name, const std::string& status = "Running") {
  return {{"id", "id-of-" + name},  {"name", name},
          {"status", status},       {"stream", "S"},
          {"subject", name + ".>"}, {"bucket", "archive"},
          {"prefix", nullptr},      {"progress", Json::object()}};
}

Json load_job(const std::string& name) {
  return {{"id", "id-of-" + name}, {"name", name},
          {"status", "Running"},   {"read_stream", "S"},
          {"read_subject", "a.>"}, {"write_subject", "b"},
          {"bucket", "archive"},   {"progress", Json::object()}};
}

class TransferTest : public CliFixture {
 protected:
  TransferTest() { server_.answer_with(200, "[]"); }

  // What the server has.
  void there(const Json& stores, const Json& loads) {
    server_.then("GET /api/v1/store/jobs", 200, stores.dump());
    server_.then("GET /api/v1/load/jobs", 200, loads.dump());
  }
  void makes(const Json& job) { server_.then("POST /api/v1/store/job", 200, job.dump()); }
};

TEST_F(TransferTest, ExportIsWhatTheApiAnswers) {
  there(Json::array({store_job("a"), store_job("b")}), Json::array({load_job("c")}));
  EXPECT_EQ(run({"job", "export"}), 0) << err();
  const Json document = parse_json(out()).value_or(Json());
  EXPECT_EQ(document["nats3_jobs"], 1);
  EXPECT_THAT(document["exported"].get<std::string>(), HasSubstr("T"));
  EXPECT_EQ(document["store_jobs"], Json::array({store_job("a"), store_job("b")}));
  EXPECT_EQ(document["load_jobs"], Json::array({load_job("c")}));
}

TEST_F(TransferTest, ExportIntoAFileSaysWhatToDoWithIt) {
  there(Json::array({store_job("a")}), Json::array());
  const std::string file = (home_ / "jobs.json").string();
  EXPECT_EQ(run({"job", "export", "--file", file}), 0) << err();
  EXPECT_THAT(out(), AllOf(HasSubstr("1 store and 0 load jobs"), HasSubstr("job import " + file)));
  EXPECT_EQ(parse_json(read("jobs.json"))->at("store_jobs"), Json::array({store_job("a")}));
  EXPECT_EQ(run({"job", "export", "--file", file, "--output", "json"}), 0);
  EXPECT_EQ(parse_json(out())->at("file"), file);
  EXPECT_EQ(run({"job", "export", "--file", "/no/such/folder/x"}), 1);
  EXPECT_THAT(err(), HasSubstr("/no/such/folder/x: can't be written"));
}

TEST_F(TransferTest, ImportMakesWhatIsntThereAndSaysSo) {
  there(Json::array({store_job("a")}), Json::array());
  makes(store_job("b"));
  const Json document = {
      {"nats3_jobs", 1},
      {"store_jobs", {store_job("b"), store_job("a"), store_job("c", "Failure")}},
      {"load_jobs", Json::array()}};
  const std::string file = write("jobs.json", document.dump());
  EXPECT_EQ(run({"job", "import", file}), 0) << err();
  ASSERT_THAT(server_.posted(), SizeIs(1));
  EXPECT_EQ(server_.posted()[0],
            (Json{{"name", "b"}, {"stream", "S"}, {"subject", "b.>"}, {"bucket", "archive"}}));
  EXPECT_THAT(out(), AllOf(HasSubstr("store  b     created  id-of-b"),
                           HasSubstr("store  a     exists   id-of-a"),
                           HasSubstr("store  c     skipped"), HasSubstr("ended in Failure")));
}

TEST_F(TransferTest, ImportAsJson) {
  there(Json::array({store_job("a")}), Json::array());
  makes(store_job("b"));
  const std::string input = Json::array({store_job("b"), store_job("a")}).dump();
  EXPECT_EQ(run({"--output", "json", "job", "import", "-"}, input), 0) << err();
  EXPECT_EQ(parse_json(out()),
            (Json::array({{{"kind", "store"},
                           {"name", "a"},
                           {"result", "exists"},
                           {"id", "id-of-a"},
                           {"message", "archives the same to the same place already"}},
                          {{"kind", "store"},
                           {"name", "b"},
                           {"result", "created"},
                           {"id", "id-of-b"},
                           {"message", ""}}})));
}

TEST_F(TransferTest, OneThatFailsDoesntKeepTheOthersBack) {
  there(Json::array(), Json::array());
  server_.then("POST /api/v1/store/job", 400, R"({"error": "no stream 'S'"})");
  makes(store_job("a"));
  const std::string input = Json::array({store_job("a"), store_job("b")}).dump();
  EXPECT_EQ(run({"job", "import", "-"}, input), 1);
  EXPECT_THAT(out(), AllOf(HasSubstr("store  b     failed"), HasSubstr("no stream 'S'"),
                           HasSubstr("store  a     created")));
  EXPECT_THAT(err(), HasSubstr("1 of 2 jobs could not be made"));
}

TEST_F(TransferTest, AConflictIsAJobThatIsThereOrAFailure) {
  server_.then("GET /api/v1/store/jobs", 200, "[]");
  server_.then("GET /api/v1/store/jobs", 200, Json::array({store_job("a")}).dump());
  server_.then("POST /api/v1/store/job", 409, R"({"error": "somebody has it"})");
  EXPECT_EQ(run({"job", "import", "-"}, Json::array({store_job("a")}).dump()), 0) << err();
  EXPECT_THAT(out(), HasSubstr("exists  id-of-a"));
  EXPECT_EQ(run({"job", "import", "-"}, Json::array({store_job("b")}).dump()), 1);
  EXPECT_THAT(out(), AllOf(HasSubstr("failed"), HasSubstr("somebody has it")));
}

TEST_F(TransferTest, OneJobTwiceIsMadeOnce) {
  there(Json::array(), Json::array());
  server_.then("POST /api/v1/load/job", 200, load_job("a").dump());
  const std::string file = write("jobs.json", Json::array({load_job("a")}).dump());
  EXPECT_EQ(run({"job", "import", file, file}), 0) << err();
  EXPECT_THAT(server_.posted(), SizeIs(1));
  EXPECT_THAT(out(), AllOf(HasSubstr("created"), HasSubstr("exists")));
}

TEST_F(TransferTest, ADryRunMakesNothing) {
  there(Json::array(), Json::array());
  const std::string input = Json::array({store_job("a"), load_job("b")}).dump();
  EXPECT_EQ(run({"job", "import", "--dry-run", "-"}, input), 0) << err();
  EXPECT_THAT(server_.posted(), IsEmpty());
  EXPECT_THAT(out(), AllOf(HasSubstr("would be made"), HasSubstr("Nothing was made"),
                           Not(HasSubstr("created"))));
  EXPECT_EQ(run({"job", "import", "--dry-run", "-", "--output", "json"}, input), 0);
  EXPECT_EQ(parse_json(out())->at(1).at("body").at("subject"), "a.>");
}

TEST_F(TransferTest, FilesThatCantBeUsedAreNamedAndNothingIsMade) {
  there(Json::array(), Json::array());
  const std::string good = write("good.json", Json::array({store_job("a")}).dump());
  EXPECT_EQ(run({"job", "import", good, write("bad.json", "{\n x")}), 1);
  EXPECT_THAT(err(), AllOf(HasSubstr("bad.json"), HasSubstr("line 2, column 2")));
  EXPECT_EQ(run({"job", "import", good, "/no/such/file"}), 1);
  EXPECT_THAT(err(), HasSubstr("/no/such/file can't be read"));
  EXPECT_EQ(run({"job", "import", home_.string()}), 1);
  EXPECT_THAT(err(), HasSubstr("can't be read"));
  EXPECT_EQ(run({"job", "import", write("large.json", std::string((16 << 20) + 1, ' '))}), 1);
  EXPECT_THAT(err(), HasSubstr("larger than 16 MiB"));
  EXPECT_EQ(run({"job", "import"}), 2);
  EXPECT_THAT(server_.posted(), IsEmpty());
}

}  // namespace
}  // namespace nats3::cli
