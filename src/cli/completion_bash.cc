#include <fmt/format.h>

#include "cli/completion.h"

namespace nats3::cli {
namespace {

// $1 of the function is the program as it was called. The server's answer has one id a line.
constexpr const char* kBegin = R"sh(# bash completion for nats3, made by: nats3 completion bash
# To use it now: source <(nats3 completion bash)

_nats3_job_ids() {  # PROGRAM KIND [FLAG VALUE]
  local program=$1 kind=$2
  shift 2
  "$program" "$@" --output json "$kind" list 2>/dev/null </dev/null |
    sed -n 's/^    "id": "\([0-9a-f-]*\)".*/\1/p'
}

_nats3_reply() {  # CURRENT WORD...: those words that begin with CURRENT
  local current=$1
  shift
  mapfile -t COMPREPLY < <(compgen -W "$*" -- "$current")
}

_nats3() {
  local program=$1 current flag='' path='' count=0 word
  local -a words server=()
  COMPREPLY=()
  # From the line, since bash takes the "=" and ":" of COMP_WORDS for words of their own.
  read -ra words <<<"${COMP_LINE:0:COMP_POINT}"
  [[ ${COMP_LINE:0:COMP_POINT} == *' ' ]] && words+=('')
  current=${words[-1]}
  # Which command it is, how many words stand behind it, and the flag whose value is asked for.
  for word in "${words[@]:1:${#words[@]}-2}"; do
    word=${word//[\"\']/}
    if [[ -n $flag ]]; then
      [[ $flag == --server ]] && server=(--server "$word")
      flag=''
      continue
    fi
    [[ $word == --server=* ]] && server=("$word")
    case $word in
)sh";

constexpr const char* kAfterValues = R"sh() flag=$word ;;
      -*) ;;
      *)
        case "$path $word" in
)sh";

constexpr const char* kAfterCommands = R"sh() path="$path $word" ;;
          *) count=$((count + 1)) ;;
        esac
        ;;
    esac
  done
  if [[ -z $flag && $current == --*=* ]]; then
    flag=${current%%=*}
    current=${current#*=}
  fi
  if [[ -n $flag ]]; then
    case "$path $flag" in
)sh";

constexpr const char* kAfterFlagValues = R"sh(    esac
    return
  fi
  if [[ $current == -* ]]; then
    case $path in
)sh";

constexpr const char* kAfterFlags = R"sh(    esac
    return
  fi
  case "$path:$count" in
)sh";

constexpr const char* kEnd = R"sh(  esac
}

complete -F _nats3 nats3
)sh";

std::string files() {
  return "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$current\")";
}

std::string reply(const std::vector<std::string>& words) {
  return fmt::format("_nats3_reply \"$current\" {}", fmt::join(words, " "));
}

// What completes a value, "" for nothing.
std::string action(const ValueInfo& value, const CommandInfo& command) {
  if (value.is_file()) {
    return files();
  }
  if (value.is_job_id()) {
    return fmt::format(
        "_nats3_reply \"$current\" $(_nats3_job_ids \"$program\" {} \"${{server[@]}}\")",
        command.path.front());
  }
  return value.choices.empty() ? "" : reply(value.choices);
}

// How the script has a path: each word with a space before it.
std::string spaced(const CommandInfo& command) {
  return command.path.empty() ? "" : " " + command.path_text();
}

std::string flag_values(const CommandInfo& root, const CommandInfo& command) {
  std::string cases;
  for (const FlagInfo* flag : flags_at(root, command)) {
    const std::string act = action(flag->value, command);
    for (const std::string& name : flag->names) {
      cases += act.empty() ? "" : fmt::format("      '{} {}') {} ;;\n", spaced(command), name, act);
    }
  }
  return cases;
}

std::string words(const CommandInfo& command) {
  if (!command.commands.empty()) {
    std::vector<std::string> names;
    for (const CommandInfo& sub : command.commands) {
      names.push_back(sub.name());
    }
    return fmt::format("    '{}:0') {} ;;\n", spaced(command), reply(names));
  }
  std::string cases;
  for (std::size_t i = 0; i < command.positionals.size(); ++i) {
    const PositionalInfo& positional = command.positionals[i];
    if (const std::string act = action(positional.value, command); !act.empty()) {
      cases += fmt::format("    '{}':{}) {} ;;\n", spaced(command),
                           positional.many ? "*" : std::to_string(i), act);
    }
  }
  return cases;
}

}  // namespace

std::string bash_completion(const CommandInfo& root) {
  std::string paths;
  std::string values;
  std::string flags;
  std::string rest;
  for (const CommandInfo* command : all_commands(root)) {
    if (!command->path.empty()) {
      paths += fmt::format("{}'{}'", paths.empty() ? "          " : " | ", spaced(*command));
    }
    values += flag_values(root, *command);
    std::vector<std::string> names;
    for (const FlagInfo* flag : flags_at(root, *command)) {
      names.push_back(flag->name());
    }
    flags += fmt::format("      '{}') {} ;;\n", spaced(*command), reply(names));
    rest += words(*command);
  }
  return fmt::format("{}      {}{}{}{}{}{}{}{}{}{}", kBegin,
                     fmt::join(flags_with_value(root), " | "), kAfterValues, paths, kAfterCommands,
                     values, kAfterFlagValues, flags, kAfterFlags, rest, kEnd);
}

}  // namespace nats3::cli
