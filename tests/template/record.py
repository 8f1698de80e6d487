"""Writes `recorded.json`: what ansible-core makes of `corpus.json`.

In the corpus, text of `variables` with braces is a template, as in a playbook; `remote` is as if a host had sent it.
Run it with the Python that has ansible-core: `python tests/template/record.py`. The collections ansible.utils and
community.general (of the package ansible) must be there, too, in `ANSIBLE_COLLECTIONS_PATH` if not with ansible-core.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def main() -> None:
    """Render everything and write the file."""
    from ansible.parsing.dataloader import DataLoader
    from ansible.plugins.loader import filter_loader, init_plugin_loader
    from ansible.release import __version__
    from ansible.template import Templar, trust_as_template

    init_plugin_loader()
    if not all(filter_loader.get(name) for name in ("ansible.utils.ipaddr", "community.general.counter")):
        raise SystemExit("ansible.utils or community.general is missing")
    corpus = json.loads((HERE / "corpus.json").read_text())

    def trusted(value: Any) -> Any:
        if isinstance(value, str):
            return trust_as_template(value)
        if isinstance(value, dict):
            return {key: trusted(part) for key, part in value.items()}
        return [trusted(part) for part in value] if isinstance(value, list) else value

    templar = Templar(loader=DataLoader(), variables={**trusted(corpus["variables"]), **corpus["remote"]})

    def answer(function: Any, value: Any) -> dict[str, Any]:
        try:
            found = function(trusted(value))
        except Exception as error:
            return {"error": str(error).partition("\n")[0]}
        return {
            "value": json.loads(json.dumps(found, default=str)),
            "type": type(found).__name__.replace("_AnsibleTagged", "").lower(),
        }

    def as_file(options: dict[str, Any]) -> Any:
        """What the template module makes of a file's text (`plugins/action/template.py`)."""

        def render(text: str) -> str:
            found = templar.template(text, escape_backslashes=False, overrides=options)
            return "" if found is None else str(found)

        return render

    made = {
        "ansible_core": __version__,
        "expressions": {text: answer(templar.template, text) for text in corpus["expressions"]},
        "files": [[text, options, answer(as_file(options), text)] for text, options in corpus["files"]],
        "conditions": [[text, answer(templar.evaluate_conditional, text)] for text in corpus["conditions"]],
    }
    (HERE / "recorded.json").write_text(json.dumps(made, indent=1, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    main()
