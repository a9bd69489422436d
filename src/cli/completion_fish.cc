#include <fmt/format.h>

#include "cli/completion.h"

namespace nats3::cli {
namespace {

constexpr const char* kBegin = R"sh(# fish completion for nats3, made by: nats3 completion fish
# To use it now: nats3 completion fish | source

)sh";

// Words of the line so far, without flags and their values; "--flag=value" is one word.
constexpr const char* kFunctions = R"sh(
# Whether the line so far is of the command that the arguments name: of it itself, not of one below.
function __nats3_at
    test "$(__nats3_command)" = "$argv"
end

function __nats3_job_ids # KIND
    set -l words (commandline -opc)
    set -l server
    for i in (seq (count $words))
        string match -q -- '--server=*' $words[$i]; and set server $words[$i]
        if test "$words[$i]" = --server -a $i -lt (count $words)
            set server --server $words[(math $i + 1)]
        end
    end
    $words[1] $server --output json $argv[1] list 2>/dev/null </dev/null |
        string replace -rf '^    "id": "([0-9a-f-]*)".*' '$1'
end

complete -c nats3 -f
)sh";

std::string in_quotes(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    out += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  }
  return out + "'";
}

std::string action(const ValueInfo& value, const CommandInfo& command) {
  if (value.is_file()) {
    return " -r -F";
  }
  if (value.is_job_id()) {
    return fmt::format(" -x -a '(__nats3_job_ids {})'", command.path.front());
  }
  if (!value.choices.empty()) {
    return fmt::format(" -x -a '{}'", fmt::join(value.choices, " "));
  }
  return value.none() ? "" : " -x";
}

// The function that finds the command: the words that, one after the other, name one.
std::string command_function(const CommandInfo& root) {
  std::string paths;
  for (const CommandInfo* command : all_commands(root)) {
    paths += command->path.empty() ? "" : fmt::format(" '{}'", command->path_text());
  }
  return fmt::format(
      "function __nats3_command # prints the words that name the command so far\n"
      "    set -l path\n"
      "    set -l skip false\n"
      "    for word in (commandline -opc)[2..-1]\n"
      "        if test $skip = true\n"
      "            set skip false\n"
      "        else if contains -- $word {}\n"
      "            set skip true\n"
      "        else if contains -- \"$(string trim \"$path $word\")\"{}\n"
      "            set path $path $word\n"
      "        end\n"
      "    end\n"
      "    echo \"$path\"\n"
      "end\n",
      fmt::join(flags_with_value(root), " "), paths);
}

std::string completions_of(const CommandInfo& root, const CommandInfo& command) {
  const std::string at = fmt::format("complete -c nats3 -n '__nats3_at {}'", command.path_text());
  std::string lines;
  for (const CommandInfo& sub : command.commands) {
    lines += fmt::format("{} -a {} -d {}\n", at, sub.name(), in_quotes(sub.help));
  }
  for (const FlagInfo* flag : flags_at(root, command)) {
    lines += at;
    for (const std::string& name : flag->names) {
      lines += name.starts_with("--") ? fmt::format(" -l {}", name.substr(2))
                                      : fmt::format(" -s {}", name.substr(1));
    }
    lines += fmt::format("{} -d {}\n", action(flag->value, command), in_quotes(flag->help));
  }
  for (const PositionalInfo& positional : command.positionals) {
    if (positional.value.is_file()) {
      lines += fmt::format("{} -F\n", at);
    } else if (!positional.value.choices.empty()) {
      lines += fmt::format("{} -a '{}'\n", at, fmt::join(positional.value.choices, " "));
    }
  }
  return lines;
}

}  // namespace

std::string fish_completion(const CommandInfo& root) {
  std::string text = kBegin + command_function(root) + kFunctions;
  for (const CommandInfo* command : all_commands(root)) {
    text += completions_of(root, *command);
  }
  return text;
}

}  // namespace nats3::cli
