"""What strategies leave to the executor: windows of hosts, lanes, late gates; and timers on the injected clock."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from runner.model.event import TaskIntent, TaskResult
from runner.model.playbook import Loop
from tests.execute.simulation import Book, Simulation, play, said, simulate, task


def most_at_once(done: Simulation) -> int:
    """The most hosts that were begun and not through at one time, told by intents and final results."""
    last = {
        host: max(n for n, e in enumerate(done.events) if isinstance(e, TaskResult) and e.host == host)
        for host in HOSTS
    }
    first = {
        host: min(n for n, e in enumerate(done.events) if isinstance(e, TaskIntent) and e.host == host)
        for host in HOSTS
    }
    return max(sum(first[host] <= at <= last[host] for host in HOSTS) for at in range(len(done.events)))


HOSTS = ("h1", "h2", "h3", "h4", "h5")


@settings(max_examples=50, deadline=None)
@given(st.data(), st.integers(1, 4))
def test_host_pinned_has_no_more_hosts_under_way_than_forks(data: st.DataObject, forks: int) -> None:
    tasks = [task("a", register="r"), task("b", when=["r.rc == 0"], register="s"), task("c", when=["s.rc == 0"])]
    done = simulate(
        [play(tasks)],
        HOSTS,
        pick=lambda count: data.draw(st.integers(0, count - 1)),
        strategy="host_pinned",
        forks=forks,
    )
    assert most_at_once(done) <= forks
    assert all(len(done.results(host)) == 3 for host in HOSTS)


def test_dag_overlaps_no_more_than_its_lanes() -> None:
    done = simulate([play([task(f"t{n}") for n in range(9)])], ["h1"], pick=lambda count: count - 1, strategy="dag")
    assert len(done.ran) == 9
    under_way = most = 0
    for event in done.events:
        under_way += isinstance(event, TaskIntent)
        under_way -= isinstance(event, TaskResult)
        most = max(most, under_way)
    assert most == 4


def oldest(_count: int) -> int:
    return 0


def newest(count: int) -> int:
    return count - 1


def test_a_step_that_looks_at_others_late_waits_for_them(tmp_path: Path) -> None:
    """The file of a template says only when it is rendered that it reads `hostvars`."""
    text = """
    - {name: a, command: a, register: r}
    - {name: b, copy: {content: x, dest: /b}}
    - {name: t, debug: {msg: "{{ lookup('template', 't.j2') }}"}}
    """
    files = {"templates/t.j2": "{% for h in ['h1', 'h2'] %}{{ hostvars[h].r.stdout | default('-') }} {% endfor %}"}
    for pick in (oldest, newest):
        done = Book(tmp_path).run(text, files=files, pick=pick)
        assert [said(done, host) for host in ("h1", "h2")] == [["a None a None "]] * 2


def test_hosts_read_one_anothers_facts_where_a_play_could_have_gathered_them(tmp_path: Path) -> None:
    text = """
    - hosts: h2
      tasks:
        - {name: a, command: a}
    - hosts: h1
      gather_facts: false
      tasks:
        - debug: {msg: "{{ lookup('template', 't.j2') }}"}
        - debug: {msg: "{{ ansible_os_family | default('none') }}"}
    """
    files = {
        "templates/t.j2": "{{ hostvars.h2.ansible_os_family is defined }} {{ hostvars.h2.ansible_nope is defined }}"
    }
    done = Book(tmp_path).run(text, files=files)
    assert [(host, name) for host, name, _ in done.ran] == [("h2", "a"), ("h2", "Gathering Facts")]
    assert said(done, "h1")[1] == "none"


def test_time_passes_only_on_the_clock_that_was_handed_in(tmp_path: Path) -> None:
    text = """
    - {name: p, pause: {minutes: 2}, register: p}
    - {name: u, command: u, register: u, until: u.rc == 0, retries: 3, delay: 10}
    - {name: l, command: l, loop: [1, 2, 3], loop_control: {pause: 100}}
    - {debug: {msg: "{{ p.delta }} {{ u.attempts }}"}}
    """
    done = Book(tmp_path).run(text, ["h1"], lambda _h, name, _i, attempt: int(name == "u" and attempt < 3))
    assert 1000 + 120 + 20 + 200 <= done.now <= 1000 + 120 + 20 + 200 + 1
    assert said(done, "h1") == ["120 3"]


def test_nothing_behind_a_pause_is_sent_before_it_is_over(tmp_path: Path) -> None:
    text = "- {name: a, command: a}\n- {name: p, pause: {seconds: 50}}\n- {name: b, command: b}\n"
    done = Book(tmp_path).run(text, ["h1"])
    sent = {event.task: done.told_before[event.trip] for event in done.events if isinstance(event, TaskIntent)}
    assert not any(isinstance(event, TaskResult) and event.task == "p" for event in sent["a"])
    assert any(isinstance(event, TaskResult) and event.task == "p" for event in sent["b"])


def test_a_dry_run_waits_for_nothing(tmp_path: Path) -> None:
    text = """
    - {name: p, pause: {minutes: 2}}
    - {name: l, command: l, check_mode: false, loop: [1, 2]}
    """
    assert Book(tmp_path).run(text, ["h1"], check=True).now < 1001


def test_hosts_pause_and_retry_on_their_own() -> None:
    tasks = [task("l", loop=Loop("loop", [1, 2], pause_s=50)), task("z")]
    done = simulate([play(tasks)], ["h1", "h2", "h3"], strategy="free")
    assert done.now < 1052


def test_handlers_that_notify_one_another_run_once_each(tmp_path: Path) -> None:
    text = """
    - hosts: all
      gather_facts: false
      tasks:
        - {name: a, command: a, notify: one}
      handlers:
        - {name: one, command: one, notify: [two, one]}
        - {name: two, command: two, notify: three}
        - {name: three, command: three}
    """
    done = Book(tmp_path).run(text, ["h1"])
    assert [name for name, _ in done.ran_on("h1")][:4] == ["a", "one", "two", "three"]


def test_keywords_may_be_templates(tmp_path: Path) -> None:
    text = """
    - hosts: all
      gather_facts: false
      vars: {yes_: true, no_: false}
      force_handlers: "{{ false }}"
      tasks:
        - {name: a, command: a, ignore_errors: "{{ yes_ }}", become: "{{ no_ }}", notify: h}
        - {name: b, command: b, become: "{{ yes_ }}", become_user: "{{ 'u' ~ 1 }}", notify: h}
        - {name: c, command: c, ignore_errors: "{{ no_ }}"}
        - {name: d, command: d}
      handlers:
        - {name: h, command: h}
    """
    done = Book(tmp_path).run(text, ["h1"], lambda _h, name, _i, _a: int(name in "ac"))
    assert [name for name, _ in done.ran_on("h1")] == ["a", "b", "c"]
    assert [trip.become.user if trip.become else None for trip in done.sent] == [None, "u1", None]
