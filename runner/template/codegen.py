"""How Jinja reads and compiles text here: Ansible's backslashes, native values, nothing computed while compiling."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from jinja2 import nodes
from jinja2.lexer import TOKEN_STRING, TOKEN_VARIABLE_BEGIN, TOKEN_VARIABLE_END, Lexer
from jinja2.nativetypes import NativeCodeGenerator


class Generator(NativeCodeGenerator):
    """Code that keeps a lone value as it is, and never computes an expression while compiling.

    Folding constants would freeze `{{ 100 | random }}` to one number for the life of the compiled template.
    """

    def _output_const_repr(self, group: Iterable[Any]) -> str:
        parts = list(group)
        return repr(parts[0] if len(parts) == 1 else "".join(str(part) for part in parts))

    def _output_child_to_const(self, node: nodes.Expr, frame: Any, finalize: Any) -> Any:
        if not isinstance(node, nodes.TemplateData):
            raise nodes.Impossible
        return super()._output_child_to_const(node, frame, finalize)

    # Jinja's visitor methods are found by these names.
    def visit_List(self, node: nodes.List, frame: Any) -> None:  # noqa: N802
        self.write("environment.own_list(")
        super().visit_List(node, frame)
        self.write(")")

    def visit_Dict(self, node: nodes.Dict, frame: Any) -> None:  # noqa: N802
        self.write("environment.own_dict(")
        super().visit_Dict(node, frame)
        self.write(")")

    def visit_Concat(self, node: nodes.Concat, frame: Any) -> None:  # noqa: N802
        self.write("environment.joined((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")


class EscapingLexer(Lexer):
    """Doubles backslashes of string constants inside `{{ }}`, because YAML has read the escapes already (Ansible)."""

    def tokeniter(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> Iterator[tuple[int, str, str]]:
        inside = False
        for line, token, text in super().tokeniter(source, name, filename, state):
            if token == TOKEN_VARIABLE_BEGIN:
                inside = True
            elif token == TOKEN_VARIABLE_END:
                inside = False
            yield line, token, text.replace("\\", "\\\\") if inside and token == TOKEN_STRING else text
