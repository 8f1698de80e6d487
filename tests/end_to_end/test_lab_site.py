"""First contact: the example site on the lab, and one-task commands there."""

from pathlib import Path

import pytest

from runner.lab import known
from tests.end_to_end.process import SITE, listing, pbrun

HOSTS = ("web1", "web2", "db1")


def homes(state: Path) -> dict[str, Path]:
    return known(state / "pbrun" / "lab")


def listings(state: Path) -> dict[str, list[tuple[str, int, int, bytes]]]:
    return {host: listing(home) for host, home in homes(state).items()}


def site(state: Path, *more: str) -> tuple[str, ...]:
    return (*SITE, "-e", f"reports_folder={state}/fetched", *more)


def test_a_dry_run_the_run_and_a_second_one_that_changes_nothing(tmp_path: Path) -> None:
    pbrun(tmp_path, "exec", "all", "-i", "inventories/lab.yaml", "--", "true")
    fresh = listings(tmp_path)
    assert set(fresh) == set(HOSTS)
    dry = pbrun(tmp_path, *site(tmp_path, "--check", "--diff"))
    assert dry.code == 0, dry.told()
    assert dry.changed() > 0
    assert not dry.results(status="failed"), dry.told()
    granted = dry.results(task="Grant access", final=True)
    assert [line["prediction"] for line in granted] == ["unknown"], dry.told()
    assert not (tmp_path / "fetched").exists()
    assert listings(tmp_path) == fresh

    first = pbrun(tmp_path, *site(tmp_path))
    assert first.code == 0, first.told()
    assert set(homes(tmp_path)) == set(HOSTS)
    assert "PLAY RECAP" in first.out
    assert {path.name for path in (tmp_path / "fetched").iterdir()} == {f"{host}.txt" for host in HOSTS}
    made = listings(tmp_path)

    second = pbrun(tmp_path, *site(tmp_path))
    assert second.code == 0, second.told()
    assert second.changed() == 0, second.told()
    assert listings(tmp_path) == made

    nothing = pbrun(tmp_path, *site(tmp_path, "--check", "--detailed-exitcode"))
    assert (nothing.code, nothing.changed()) == (0, 0), nothing.told()
    assert "may run" not in nothing.out
    assert all(nothing.recap(host)["unknown"] == 0 for host in HOSTS)
    assert [line["status"] for line in nothing.results(task="Grant access", final=True)] == ["skipped"]
    assert listings(tmp_path) == made

    (homes(tmp_path)["web1"] / "site" / "README").write_text("changed by hand\n")
    drifted = listing(homes(tmp_path)["web1"])
    pending = pbrun(tmp_path, *site(tmp_path, "--check", "--diff", "--detailed-exitcode"))
    assert (pending.code, pending.changed()) == (2, 1), pending.told()
    assert "-changed by hand" in pending.out
    assert listing(homes(tmp_path)["web1"]) == drifted


def test_the_log_tells_the_run(tmp_path: Path) -> None:
    run = pbrun(tmp_path, *site(tmp_path, "-l", "web1"))
    types = [line["type"] for line in run.log if line["type"] != "kept"]
    assert types[0] == "run_start"
    assert types[1] == "plan"
    assert types[-1] == "run_end"
    start = run.log[0]
    assert any(name.endswith("playbooks/site.yaml") for name in start["files"])
    assert run.log[-1]["exit_code"] == run.code == 0
    assert {line["host"] for line in run.results()} == {"web1"}
    intents = {(line["task_id"], line["host"], str(line["item"])) for line in run.log if line["type"] == "task_intent"}
    assert intents
    for line in run.results(module="copy", final=True):
        assert (line["task_id"], "web1", "None") in intents


def test_the_default_log_is_private_and_named_at_the_end(tmp_path: Path) -> None:
    run = pbrun(tmp_path, "exec", "web1", "-i", "inventories/lab.yaml", "--", "true", logs=False)
    assert run.code == 0, run.told()
    (log,) = (tmp_path / "pbrun" / "runs").glob("*.jsonl")
    assert log.stat().st_mode & 0o777 == 0o600
    assert log.name in run.out + run.err


def test_exec(tmp_path: Path) -> None:
    lab = ("-i", "inventories/lab.yaml")
    run = pbrun(tmp_path, "exec", "web:db", *lab, "--", "echo", "$HOME; {{ x }}")
    assert run.code == 0, run.told()
    assert {line["host"]: line["stdout"] for line in run.results()} == dict.fromkeys(HOSTS, "$HOME; {{ x }}")
    assert run.out.count("$HOME; {{ x }}") >= 1
    piped = pbrun(tmp_path, "exec", "all", *lab, "-l", "web", "--", "printf 'a\\nb\\n' | wc -l")
    assert [line["stdout"].strip() for line in piped.results()] == ["2", "2"]
    failing = pbrun(tmp_path, "exec", "web1", *lab, "--", "exit 7")
    assert failing.code == 2, failing.told()
    assert failing.results()[0]["rc"] == 7


@pytest.mark.parametrize(("pattern", "limit"), [("nobody", ()), ("web", ("-l", "db"))])
def test_a_pattern_that_matches_nothing_is_an_error(tmp_path: Path, pattern: str, limit: tuple[str, ...]) -> None:
    run = pbrun(tmp_path, "exec", pattern, "-i", "inventories/lab.yaml", *limit, "--", "true")
    assert run.code == 1, run.told()
    assert "matches" in run.err
    assert not run.log


def test_put_and_get(tmp_path: Path) -> None:
    lab = ("-i", "inventories/lab.yaml")
    work = tmp_path / "work"
    work.mkdir()
    (work / "a b.txt").write_text("content\n")
    lab = ("-i", str(Path("inventories/lab.yaml").absolute()))
    put = pbrun(tmp_path, "put", "web", "a b.txt", "~/in/", *lab, "--mode", "0640", cwd=work)
    assert put.code == 0, put.told()
    there = homes(tmp_path)["web2"] / "in" / "a b.txt"
    assert there.read_text() == "content\n"
    assert there.stat().st_mode & 0o777 == 0o640
    again = pbrun(tmp_path, "put", "web", "a b.txt", "~/in/", *lab, "--mode", "0640", cwd=work)
    assert again.changed() == 0
    get = pbrun(tmp_path, "get", "web", "~/in/a b.txt", "back", *lab, cwd=work)
    assert get.code == 0, get.told()
    fetched = sorted(path for path in (work / "back").rglob("*") if path.is_file())
    assert [path.relative_to(work / "back").parts[0] for path in fetched] == ["web1", "web2"]
    assert all(path.read_text() == "content\n" for path in fetched)
    flat = pbrun(tmp_path, "get", "web1", "~/in/a b.txt", "flat.txt", *lab, "--flat", cwd=work)
    assert flat.code == 0, flat.told()
    assert (work / "flat.txt").read_text() == "content\n"


def test_lab_list_and_reset(tmp_path: Path) -> None:
    pbrun(tmp_path, "exec", "all", "-i", "inventories/lab.yaml", "--", "true")
    listed = pbrun(tmp_path, "lab", "list", logs=False)
    assert [line.split("\t")[0] for line in listed.out.splitlines()] == sorted(HOSTS)
    wrong = pbrun(tmp_path, "lab", "reset", "web9", logs=False)
    assert wrong.code == 5
    assert pbrun(tmp_path, "lab", "reset", "web1", logs=False).code == 0
    assert set(homes(tmp_path)) == {"web2", "db1"}
    assert pbrun(tmp_path, "lab", "reset", logs=False).code == 0
    assert homes(tmp_path) == {}


def test_json_output_is_the_log_without_what_only_resuming_needs(tmp_path: Path) -> None:
    run = pbrun(tmp_path, "exec", "web", "-i", "inventories/lab.yaml", "--output", "json", "--", "true")
    import json

    shown = tuple(json.loads(line) for line in run.out.splitlines())
    assert shown == tuple(line for line in run.log if line["type"] != "kept")


def test_graph(tmp_path: Path) -> None:
    for kind, begins in (("text", "play #1"), ("dot", "digraph"), ("mermaid", "flowchart")):
        run = pbrun(tmp_path, "graph", *SITE, "--format", kind, logs=False)
        assert run.code == 0, run.told()
        assert run.out.startswith(begins)
        assert "Write the main configuration" in run.out
