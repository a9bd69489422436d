#include "cli/manual.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace nats3::cli {
namespace {

constexpr std::size_t kLineWidth = 76;  // of the page's source

constexpr const char* kBegin = R"(.\" Made by: nats3 manual
.TH NATS3 1 2026-11-24 nats3 "User Commands"
.SH NAME
nats3 \- archive NATS JetStream streams to S3 and replay them
.SH SYNOPSIS
.B nats3
.RI [ OPTION ...]
.I COMMAND
.RI [ OPTION ...]
.SH DESCRIPTION
.B nats3 serve
is the server: its store jobs archive streams into a bucket, its load jobs
publish what is archived back, its verify jobs check and repair it.
The other commands speak to a server over its REST API.
Under the name
.B nats3\-server
the program is
.BR "nats3 serve" .
.PP
Where a table is printed, it is as wide as the terminal, and nothing is cut
when it goes into a pipe.
.SH "OPTIONS OF ALL COMMANDS"
They may come before or after the command.
)";

constexpr const char* kEnd = R"(.SH "EXIT STATUS"
.TP
.B 0
Done. Also: watching was ended by Ctrl\-C.
.TP
.B 1
Failed; standard error says why and what to do.
.TP
.B 2
Wrong usage: nothing was done.
.SH ENVIRONMENT
.TP
.B NATS3_SERVER_URL
URL of the server, where none is given on the command line.
.TP
.B NO_COLOR
Turns colours off when it is set.
.TP
.B XDG_CONFIG_HOME
Where the configuration is, instead of
.IR ~/.config .
.SH FILES
.TP
.I ~/.config/nats3/config.toml
What
.B nats3 config
remembers; made on first use.
.TP
.I /etc/nats3/config.toml
Configuration of the server.
.SH EXAMPLES
Archive a stream, and see how it goes:
.PP
.RS 4
.EX
nats3 store create \-\-name orders \-\-stream ORDERS \-\-subject 'orders.>' \-\-bucket archive
nats3 store watch
.EE
.RE
.PP
Replay a part of it, and wait until that is done:
.PP
.RS 4
.EX
nats3 load create \-\-bucket archive \-\-read\-stream ORDERS \-\-read\-subject 'orders.eu.>' \e
  \-\-write\-subject 'replay.{{subject}}' \-\-from\-time 2026\-11\-24T00:00:00Z \-\-wait
.EE
.RE
.PP
Move all jobs to another server:
.PP
.RS 4
.EX
nats3 job export | nats3 \-\-server http://other:8080 job import \-
.EE
.RE
.SH "SEE ALSO"
.BR nats\-server (8),
.BR zstd (1)
)";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += c == '\\' ? std::string("\\e") : c == '-' ? std::string("\\-") : std::string(1, c);
  }
  return out;
}

// A paragraph as man(7) shows it as it is, in lines of its source. What has a meaning at the
// beginning of a line gets a mark before it.
std::string paragraph(const std::string& text) {
  std::string out;
  std::size_t column = 0;
  for (const std::string& word : CLI::detail::split(text, ' ')) {
    const std::string shown = escaped(word);
    const bool breaks = column > 0 && column + shown.size() >= kLineWidth;
    out += breaks ? "\n" : column > 0 ? " " : "";
    column = breaks ? 0 : column;
    out += column == 0 && (shown.starts_with('.') || shown.starts_with('\'')) ? "\\&" : "";
    out += shown;
    column += shown.size() + 1;
  }
  return out;
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

std::string flag_text(const FlagInfo& flag) {
  std::string line = ".TP\n.B ";
  for (const std::string& name : flag.names) {
    line += (name == flag.names.front() ? "" : ", ") + escaped(name);
  }
  line += flag.value.none() ? "" : " \\fI" + escaped(flag.value.type) + "\\fR";
  return fmt::format("{}\n{}\n", line, paragraph(flag.help));
}

bool is_help(const FlagInfo& flag) { return flag.name() == "--help"; }

std::string command_text(const CommandInfo& command) {
  std::string title = "nats3 " + command.path_text();
  for (const PositionalInfo& positional : command.positionals) {
    title += fmt::format(" {}{}", positional.value.type, positional.many ? "..." : "");
  }
  std::string text = fmt::format(".SS \"{}\"\n{}.\n", escaped(title), paragraph(command.help));
  for (const PositionalInfo& positional : command.positionals) {
    text +=
        fmt::format(".TP\n.I {}\n{}\n", escaped(positional.value.type), paragraph(positional.help));
  }
  for (const FlagInfo& flag : command.flags) {
    text += is_help(flag) ? "" : flag_text(flag);  // said once, for all
  }
  return text;
}

}  // namespace

std::string manual_page(const CommandInfo& root) {
  std::string text = kBegin;
  for (const FlagInfo& flag : root.flags) {
    text += flag_text(flag);
  }
  std::string alone;  // commands that are in no group
  for (const CommandInfo& command : root.commands) {
    if (command.commands.empty()) {
      alone += command_text(command);
      continue;
    }
    text +=
        fmt::format(".SH \"{} COMMANDS\"\n{}.\n", upper(command.name()), paragraph(command.help));
    for (const CommandInfo& sub : command.commands) {
      text += command_text(sub);
    }
  }
  return text + ".SH \"OTHER COMMANDS\"\n" + alone + kEnd;
}

}  // namespace nats3::cli
