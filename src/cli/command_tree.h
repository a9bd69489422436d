// CommandTree: the commands and flags of the app as plain values, read off CLI11's own structure.
// Completions and the manual are made of it, so that they can't say what the app doesn't know.
// What CLI11 shows as a value's type says what it is: FILE, ID, "json|table" for one of a few.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace nats3::cli {

struct ValueInfo {
  std::string type;                  // "FILE"; "" for a flag that takes none
  std::vector<std::string> choices;  // of "json|table"

  [[nodiscard]] bool none() const { return type.empty(); }
  [[nodiscard]] bool is_file() const { return type == "FILE"; }
  [[nodiscard]] bool is_job_id() const { return type == "ID"; }
};

struct FlagInfo {
  std::vector<std::string> names;  // "-i", "--interactive"; the long one last
  std::string help;
  ValueInfo value;

  [[nodiscard]] const std::string& name() const { return names.back(); }
};

struct PositionalInfo {
  std::string name;
  std::string help;
  ValueInfo value;
  bool many = false;
};

struct CommandInfo {
  std::vector<std::string> path;  // "store", "create"; empty for the program itself
  std::string help;
  std::vector<FlagInfo> flags;  // its own; those of what is above it are understood as well
  std::vector<PositionalInfo> positionals;
  std::vector<CommandInfo> commands;

  [[nodiscard]] std::string name() const { return path.empty() ? "nats3" : path.back(); }
  // "store create"
  [[nodiscard]] std::string path_text() const;
};

[[nodiscard]] CommandInfo command_tree(const CLI::App& app);

// `root` and all below it, each before those below it.
[[nodiscard]] std::vector<const CommandInfo*> all_commands(const CommandInfo& root);

// The flags that `command` understands: its own, then those of what is above it, each name once.
[[nodiscard]] std::vector<const FlagInfo*> flags_at(const CommandInfo& root,
                                                    const CommandInfo& command);

}  // namespace nats3::cli
