# Writes OUT, a C++ source in which FUNCTION gives the bytes of the file IN. Run by nats3_embed.
# No path gets into it, so that ccache serves every clone.
string(REGEX MATCH "^(.*)::([^:]+)$" _ ${FUNCTION})
set(namespace ${CMAKE_MATCH_1})
set(name ${CMAKE_MATCH_2})

file(READ ${IN} hex HEX)
string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${hex}")
# In lines that a compiler's message can show.
string(REPEAT "'....'," 16 line)
string(REGEX REPLACE "(${line})" "\\1\n    " bytes "${bytes}")

file(WRITE ${OUT} "#include <string_view>

namespace ${namespace} {

std::string_view ${name}() {
  static constexpr char kBytes[] = {
    ${bytes}
  };
  return {kBytes, sizeof(kBytes)};
}

}  // namespace ${namespace}
")
