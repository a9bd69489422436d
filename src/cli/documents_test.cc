// What is told of the command line itself: completions and the manual say what the app knows, and
// nothing else. tests/e2e/test_completion.py tries them in the shells.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iterator>
#include <map>
#include <regex>
#include <set>

#include "cli/cli_testing.h"
#include "cli/command_tree.h"
#include "cli/completion.h"
#include "cli/manual.h"

namespace nats3::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// A program of two commands, with all kinds of flags.
class SmallApp {
 public:
  SmallApp() {
    app_.add_option("--output", text_, "How")->type_name("table|json");
    CLI::App* const group = app_.add_subcommand("store", "Store [jobs]: it's one");
    CLI::App* const show = group->add_subcommand("show", "Show");
    show->add_option("--job-id", text_, "Which")->type_name("ID");
    show->add_flag("-i,--interactive", interactive_, "Ask");
    CLI::App* const import = app_.add_subcommand("import", "Import");
    import->add_option("file", files_, "What")->type_name("FILE");
  }
  [[nodiscard]] CommandInfo tree() const { return command_tree(app_); }

 private:
  CLI::App app_;
  std::string text_;
  bool interactive_ = false;
  std::vector<std::string> files_;
};

TEST(CommandTree, IsTheAppsStructure) {
  const CommandInfo root = SmallApp().tree();
  const auto all = all_commands(root);
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[2]->path_text(), "store show");
  EXPECT_EQ(root.flags.back().value.choices, (std::vector<std::string>{"table", "json"}));
  EXPECT_TRUE(all[3]->positionals[0].value.is_file());
  EXPECT_TRUE(all[3]->positionals[0].many);
  std::vector<std::string> names;
  for (const FlagInfo* flag : flags_at(root, *all[2])) {
    names.push_back(flag->name());
  }
  EXPECT_THAT(names, ::testing::ElementsAre("--help", "--job-id", "--interactive", "--output"));
  EXPECT_EQ(flags_with_value(root), (std::vector<std::string>{"--job-id", "--output"}));
}

TEST(Completion, WhatShellsWouldMisreadIsQuoted) {
  const CommandInfo root = SmallApp().tree();
  EXPECT_THAT(zsh_completion(root), HasSubstr(R"('store:Store \[jobs\]\: it'\''s one')"));
  EXPECT_THAT(fish_completion(root), HasSubstr(R"(-d 'Store [jobs]: it\'s one')"));
}

class DocumentsTest : public CliFixture {};

TEST_F(DocumentsTest, EveryShellHasAScript) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    EXPECT_EQ(run({"completion", shell}), 0);
    EXPECT_THAT(out(), AllOf(HasSubstr("store"), HasSubstr("adopt-consumer"), HasSubstr("import")));
  }
  EXPECT_EQ(run({"completion", "tcsh"}), 2);
  EXPECT_THAT(err(), HasSubstr("bash, zsh or fish"));
  EXPECT_EQ(run({"completion"}), 2);
}

// The scripts skip the word behind such a flag before they know the command.
TEST_F(DocumentsTest, AFlagTakesAValueInAllCommandsOrInNone) {
  EXPECT_EQ(run({"manual"}), 0);
  std::map<std::string, std::set<bool>> takes_value;
  const std::string text = out();
  const std::regex flag(R"(\.B ((?:\\-[a-z]|\\-\\-[a-z\\-]+|, )+)( \\fI)?)");
  for (std::sregex_iterator at(text.begin(), text.end(), flag), end; at != end; ++at) {
    takes_value[(*at)[1]].insert((*at)[2].matched);
  }
  EXPECT_GT(takes_value.size(), 30U);
  for (const auto& [name, kinds] : takes_value) {
    EXPECT_EQ(kinds.size(), 1U) << name;
  }
}

TEST_F(DocumentsTest, TheManualInDocsIsWhatTheProgramPrints) {
  EXPECT_EQ(run({"manual"}), 0);
  std::ifstream file("docs/nats3.1");
  const std::string written((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(out(), written) << "make it again: nats3 manual >docs/nats3.1";
}

TEST_F(DocumentsTest, TheManualHasEveryCommand) {
  EXPECT_EQ(run({"manual"}), 0);
  const std::string manual = out();
  for (const char* command :
       {"store list", "store create", "store show", "store watch", "store wait", "store pause",
        "store resume", "store delete", "load watch", "job export", "config show", "config get",
        "serve", "manual"}) {
    EXPECT_THAT(manual, HasSubstr(std::string(".SS \"nats3 ") + command)) << command;
  }
  EXPECT_THAT(manual, HasSubstr(".SS \"nats3 job import FILE...\""));
}

}  // namespace
}  // namespace nats3::cli
