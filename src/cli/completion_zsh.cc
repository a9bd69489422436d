#include <fmt/format.h>

#include "cli/completion.h"

namespace nats3::cli {
namespace {

constexpr const char* kBegin = R"sh(#compdef nats3
# zsh completion for nats3, made by: nats3 completion zsh
# To use it: save it as _nats3 in a folder of $fpath, or: source <(nats3 completion zsh)

# The server that the line names, wherever it stands in it. zsh puts a backslash before each colon.
_nats3_note_server() {
  [[ -n ${opt_args[--server]} ]] && _nats3_server=(--server ${(Q)opt_args[--server]})
}

_nats3_job_ids() {  # KIND
  local -a ids
  _nats3_note_server
  ids=(${(f)"$($_nats3_program $_nats3_server --output json $1 list 2>/dev/null </dev/null |
    sed -n 's/^    "id": "\([0-9a-f-]*\)".*/\1/p')"})
  compadd -a ids
}

)sh";

constexpr const char* kEnd =
    R"sh(# Sourced, it makes itself known; found on $fpath, it is what completes.
if [[ $funcstack[1] == _nats3 ]]; then
  _nats3 "$@"
elif (( $+functions[compdef] )); then
  compdef _nats3 nats3
fi
)sh";

// `text` inside of single quotes, where it stands for itself.
std::string in_quotes(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return out + "'";
}

// `text` as a part of a specification of _arguments.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') {
      out += '\\';
    }
    out += c;
  }
  return out;
}

std::string action(const ValueInfo& value, const CommandInfo& command) {
  if (value.is_file()) {
    return "_files";
  }
  if (value.is_job_id()) {
    return " _nats3_job_ids " + command.path.front();  // with the space: no arguments put between
  }
  return value.choices.empty() ? " " : fmt::format("({})", fmt::join(value.choices, " "));
}

std::string function_name(const CommandInfo& command) {
  return command.path.empty() ? "_nats3" : fmt::format("_nats3_{}", fmt::join(command.path, "_"));
}

std::string flag_specs(const CommandInfo& root, const CommandInfo& command) {
  std::string specs;
  for (const FlagInfo* flag : flags_at(root, command)) {
    for (const std::string& name : flag->names) {
      // The names of one flag exclude each other.
      std::string spec =
          flag->names.size() > 1 ? fmt::format("({}){}", fmt::join(flag->names, " "), name) : name;
      const bool is_long = name.starts_with("--");
      spec += !flag->value.none() && is_long ? "=" : "";
      spec += fmt::format("[{}]", escaped(flag->help));
      if (!flag->value.none()) {
        spec += fmt::format(":{}:{}", escaped(flag->value.type), action(flag->value, command));
      }
      specs += fmt::format(" \\\n    {}", in_quotes(spec));
    }
  }
  return specs;
}

std::string function_of(const CommandInfo& root, const CommandInfo& command) {
  std::string text = fmt::format("{}() {{\n", function_name(command));
  if (command.commands.empty()) {
    text += fmt::format("  _arguments -s{}", flag_specs(root, command));
    for (const PositionalInfo& positional : command.positionals) {
      text += fmt::format(
          " \\\n    {}",
          in_quotes(fmt::format("{}:{}:{}", positional.many ? "*" : "", escaped(positional.name),
                                action(positional.value, command))));
    }
    return text + "\n}\n\n";
  }
  text += "  local curcontext=$curcontext state line\n  typeset -A opt_args\n";
  text +=
      command.path.empty() ? "  local _nats3_program=$words[1]\n  local -a _nats3_server\n" : "";
  text += fmt::format("  _arguments -s -A '-*' -C{} \\\n    '1: :->command' '*:: :->rest'\n",
                      flag_specs(root, command));
  text += "  _nats3_note_server\n  case $state in\n    command)\n      local -a commands=(\n";
  std::string cases;
  for (const CommandInfo& sub : command.commands) {
    text += fmt::format("        {}\n", in_quotes(sub.name() + ":" + escaped(sub.help)));
    cases += fmt::format("        {}) {} ;;\n", sub.name(), function_name(sub));
  }
  text += "      )\n      _describe command commands\n      ;;\n    rest)\n";
  return text + "      case $line[1] in\n" + cases + "      esac\n      ;;\n  esac\n}\n\n";
}

}  // namespace

std::string zsh_completion(const CommandInfo& root) {
  std::string text = kBegin;
  for (const CommandInfo* command : all_commands(root)) {
    text += function_of(root, *command);
  }
  return text + kEnd;
}

}  // namespace nats3::cli
