"""The Dockerfile reader refuses what it doesn't know instead of passing over it."""

import pytest

from harness.dockerfile import DockerfileError, Instruction, parse

TWO_STAGES = """\
# a comment
FROM base:1 AS build
RUN one \\
# a comment in between
 && two
FROM base:2
COPY --from=build --chown=1:1 /a /b
USER 1
USER 2
ENTRYPOINT ["x", "y z"]
"""


def test_stages_and_instructions():
    build, final = parse(TWO_STAGES)
    assert (build.base, build.name) == ("base:1", "build")
    assert build.instructions == [Instruction("RUN", "one && two")]
    assert (final.base, final.name) == ("base:2", "")
    copy = final.last("COPY")
    assert copy.flags == {"from": "build", "chown": "1:1"}
    assert copy.words() == ["/a", "/b"]
    assert final.last("USER").value == "2"
    assert final.last("ENTRYPOINT").exec_form() == ["x", "y z"]


@pytest.mark.parametrize(
    "text",
    ["RUN x", "FROM a b", "FROM a\nRUN x \\\n", "FROM a\n1 2", "FROM a\nUSER", "FROM a BS b"],
)
def test_what_is_no_dockerfile(text):
    with pytest.raises(DockerfileError):
        parse(text)


@pytest.mark.parametrize("value", ["x y", '"x"', "[1]", '["x"', "{}"])
def test_shell_form_is_no_exec_form(value):
    with pytest.raises(DockerfileError, match="exec form"):
        Instruction("ENTRYPOINT", value).exec_form()


def test_a_missing_instruction_is_an_error():
    with pytest.raises(DockerfileError, match="no USER"):
        parse("FROM a\nRUN x")[0].last("USER")
