"""What users are told about their mistakes: golden messages with places and hints."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.errors import InputErrors
from tests.load.trees import load, mistakes

TASK = "- hosts: all\n  tasks:\n    - "
TABLE = "a table of names and values"

CASES: dict[str, tuple[str | dict[str, str], list[str]]] = {
    "misspelt keyword of a task": (
        TASK + "command: uptime\n      wehn: x\n",
        ["site.yml:4:7: 'wehn' is not a keyword of a task | did you mean 'when'?"],
    ),
    "misspelt keyword of a play": (
        "- hosts: all\n  task: []\n",
        ["site.yml:2:3: 'task' is not a keyword of a play | did you mean 'tasks'?"],
    ),
    "two modules": (
        TASK + "copy: src=a dest=b\n      file: path=x\n",
        [
            "site.yml:4:7: two modules in one task: copy and file | make them two tasks: begin the second one with "
            "'- '",
        ],
    ),
    "action and module": (
        TASK + "action: command x\n      ping:\n",
        ["site.yml:3:7: two actions in one task: action and ping | make them two tasks"],
    ),
    "no module": (
        TASK + "name: x\n      when: y\n",
        [
            "site.yml:3:7: no module in this task | a task is one module with its arguments, such as 'command: uptime'",
        ],
    ),
    "only a misspelt keyword": (
        TASK + "name: x\n      notfy: y\n",
        [
            "site.yml:4:7: 'notfy' is not a keyword of a task | did you mean 'notify'?",
            "site.yml:4:7: no module in this task",
        ],
    ),
    "tasks is a table": (
        "- hosts: all\n  tasks:\n    name: x\n    command: y\n",
        ["site.yml:3:5: 'tasks' must be a list of tasks, not a table | begin each task with '- '"],
    ),
    "tasks is text": (
        "- hosts: all\n  tasks: foo.yml\n",
        [
            "site.yml:2:10: 'tasks' must be a list of tasks, not 'foo.yml' | to take the tasks of a file, "
            "write '- import_tasks: FILE'"
        ],
    ),
    "a task is text": (
        "- hosts: all\n  tasks:\n    - command uptime\n",
        [
            "site.yml:3:7: a task must be a table of keywords, not 'command uptime' | check the indentation: 'module: "
            "arguments' stands below '- name:'",
        ],
    ),
    "arguments stand too far left": (
        TASK + "name: x\n      copy:\n      src: a\n      dest: b\n",
        [
            "site.yml:5:7: 'src' is an argument of copy, not a keyword | indent it further than 'copy'",
            "site.yml:6:7: 'dest' is an argument of copy, not a keyword | indent it further than 'copy'",
        ],
    ),
    "no hosts": (
        "- tasks: []\n",
        ["site.yml:1:3: the play does not say on which hosts | add 'hosts: PATTERN'"],
    ),
    "empty hosts": (
        "- hosts:\n  tasks: []\n",
        ["site.yml:1:9: 'hosts' is empty | write a host, a group or a pattern, such as 'all'"],
    ),
    "a playbook is a table": (
        "hosts: all\ntasks: []\n",
        ["site.yml:1:1: a playbook must be a list of plays | begin each play with '- '"],
    ),
    "a playbook of tasks": (
        "- name: x\n  command: uptime\n",
        [
            "site.yml:2:3: this is a task (command), not a play | a playbook is a list of plays: put tasks under "
            "'tasks:' of a play with 'hosts:'",
        ],
    ),
    "an empty playbook": (
        "",
        ["site.yml:1:1: the playbook is empty | a playbook is a list of plays"],
    ),
    "unknown argument": (
        TASK + "file: {path: /x, stat: absent}\n",
        ["site.yml:3:24: file: unknown argument 'stat' | did you mean 'state'?"],
    ),
    "unknown argument in text": (
        TASK + "file: path=/x stat=absent\n",
        ["site.yml:3:21: file: unknown argument 'stat' | did you mean 'state'?"],
    ),
    "wrong choice": (
        TASK + "meta: flush_handler\n",
        [
            "site.yml:3:13: meta: value must be one of: noop, flush_handlers, refresh_inventory, clear_facts, "
            "clear_host_errors, end_play, end_batch, end_host, end_role, reset_connection; got: flush_handler | did "
            "you mean 'flush_handlers'?",
        ],
    ),
    "not a boolean": (
        TASK + "copy: {src: a, dest: b, backup: maybe}\n",
        ["site.yml:3:31: copy: argument 'backup': 'maybe' is not a boolean (use true or false)"],
    ),
    "free text where none can be": (
        TASK + "file: /x\n",
        [
            "site.yml:3:13: file takes no free text: '/x' | write arguments as name=value, or as 'name: value' lines "
            "below the module",
        ],
    ),
    "arguments are a list": (
        TASK + "copy: [a]\n",
        [
            "site.yml:3:13: the arguments of 'copy' must be a table or text, not a list | write the arguments as "
            "'name: value' lines below the module",
        ],
    ),
    "an open quote": (
        TASK + "command: echo 'x\n",
        ["site.yml:3:21: the arguments cannot be split: a quote is opened and never closed"],
    ),
    "include": (
        TASK + "include: x.yml\n",
        [
            "site.yml:3:7: 'include' is no longer part of the language | use include_tasks (or import_tasks), or "
            "import_playbook for playbooks",
        ],
    ),
    "not true or false": (
        TASK + "command: x\n      become: sure\n",
        ["site.yml:4:15: 'become' must be true or false, not 'sure'"],
    ),
    "not a number": (
        TASK + "command: x\n      retries: many\n",
        ["site.yml:4:16: 'retries' must be a whole number, not 'many'"],
    ),
    "tags are a table": (
        TASK + "command: x\n      tags: {a: 1}\n",
        ["site.yml:4:13: 'tags' must be text or a list of texts, not a table"],
    ),
    "when is a table": (
        TASK + "command: x\n      when: {a: 1}\n",
        ["site.yml:4:13: 'when' must be an expression or a list of expressions, not a table"],
    ),
    "when has braces": (
        TASK + 'command: x\n      when: "{{ a }}"\n',
        ["site.yml:4:13: a condition is an expression already: it needs no braces | leave out '{{' and '}}'"],
    ),
    "loop over text": (
        TASK + "command: x\n      loop: abc\n",
        ["site.yml:4:13: 'loop' must be a list, not 'abc' | write a list, or a template that gives one"],
    ),
    "two loops": (
        TASK + "command: x\n      loop: [1]\n      with_items: [2]\n",
        [
            "site.yml:4:7: two loops on one task: with_items and loop | put one of them into an included file",
        ],
    ),
    "loop_control": (
        TASK + "command: x\n      loop: [1]\n      loop_control: {loop_vr: y}\n",
        ["site.yml:5:22: 'loop_vr' is not a keyword of loop_control | did you mean 'loop_var'?"],
    ),
    "a looping block": (
        TASK + "block: [{command: x}]\n      with_items: [1]\n",
        ["site.yml:4:7: a block cannot loop | use include_tasks with a loop"],
    ),
    "register": (
        TASK + "command: x\n      register: a-b\n",
        ["site.yml:4:17: 'a-b' cannot be the name of a variable | write 'a_b'"],
    ),
    "register into a word of the template language": (
        TASK + "command: x\n      register: none\n",
        [
            "site.yml:4:17: 'none' cannot be the name of a variable"
            " | templates read this word as what it means, not as a variable"
        ],
    ),
    "assert says a number": (
        TASK + "assert: {that: true, success_msg: [a, 1], msg: 5}\n",
        [
            "site.yml:3:28: assert: argument 'success_msg': is of type list: a string or list of strings is required",
            "site.yml:3:49: assert: argument 'fail_msg': is of type int: a string or list of strings is required",
        ],
    ),
    "a variable's name": (
        "- hosts: all\n  vars: {a-b: 1}\n",
        ["site.yml:2:10: 'a-b' cannot be the name of a variable | write 'a_b'"],
    ),
    "vars are a list": (
        "- hosts: all\n  vars: [a]\n",
        [f"site.yml:2:9: 'vars' must be {TABLE}, not a list | write 'name: value' lines without '- '"],
    ),
    "a role that is not there": (
        {"site.yml": "- hosts: all\n  roles: [wbserver]\n", "roles/webserver/tasks/main.yml": "- command: x\n"},
        ["site.yml:2:11: cannot find the role 'wbserver' | did you mean 'webserver'?"],
    ),
    "a task file that is not there": (
        {"site.yml": TASK + "import_tasks: instal.yml\n", "install.yml": ""},
        ["site.yml:3:21: cannot find the task file 'instal.yml' | did you mean 'install.yml'?"],
    ),
    "a file of a role that is not there": (
        {
            "site.yml": TASK + "import_role: {name: web, tasks_from: instal}\n",
            "roles/web/tasks/install.yml": "- command: x\n",
        },
        ["site.yml:3:21: the role 'web' has no file tasks/instal | did you mean 'install'?"],
    ),
    "imports in a circle": (
        {
            "site.yml": TASK + "import_tasks: a.yml\n",
            "a.yml": "- import_tasks: b.yml\n",
            "b.yml": "- import_tasks: a.yml\n",
        },
        [
            "b.yml:1:17: the import goes round in a circle: a.yml -> b.yml -> a.yml | leave out one of these imports",
        ],
    ),
    "roles in a circle": (
        {
            "site.yml": "- hosts: all\n  roles: [a]\n",
            "roles/a/meta/main.yml": "dependencies: [b]\n",
            "roles/b/meta/main.yml": "dependencies: [a]\n",
        },
        [
            "roles/b/meta/main.yml:1:16: roles go round in a circle: role a -> role b -> role a | leave out one of "
            "these dependencies",
        ],
    ),
    "a role that imports itself": (
        {"site.yml": "- hosts: all\n  roles: [a]\n", "roles/a/tasks/main.yml": "- import_role: {name: a}\n"},
        [
            "roles/a/tasks/main.yml:1:17: roles go round in a circle: role a (tasks/main) -> role a (tasks/main) | "
            "leave out one of these dependencies",
        ],
    ),
    "playbooks in a circle": (
        {"site.yml": "- import_playbook: b.yml\n", "b.yml": "- import_playbook: site.yml\n"},
        [
            "b.yml:1:20: playbooks import one another in a circle: site.yml -> b.yml -> site.yml | leave out one of "
            "these imports",
        ],
    ),
    "a playbook that is not there": (
        "- import_playbook: nope.yml\n",
        ["site.yml:1:20: cannot find the playbook 'nope.yml' | searched: nope.yml"],
    ),
    "an import that loops": (
        {"site.yml": TASK + "import_tasks: a.yml\n      loop: [1]\n", "a.yml": "- command: x\n"},
        [
            "site.yml:4:7: import_tasks cannot loop: it is replaced before the run | use include_tasks, which can loop",
        ],
    ),
    "a keyword that an include cannot have": (
        TASK + "include_tasks: a.yml\n      become: true\n",
        [
            "site.yml:4:7: 'become' cannot stand on include_tasks | to hand it to the included tasks, put it under "
            "'apply' in the arguments of include_tasks",
        ],
    ),
    "a play where tasks are wanted": (
        {"site.yml": TASK + "import_tasks: a.yml\n", "a.yml": "- hosts: all\n  tasks: []\n"},
        [
            "a.yml:1:3: this is a play, not a task | whole plays stand at the top of a playbook; use import_playbook "
            "there for those of another file",
        ],
    ),
    "listen on a task": (
        TASK + "command: x\n      listen: y\n",
        ["site.yml:4:7: 'listen' cannot stand on a task | it belongs to a handler"],
    ),
    "a role as a handler": (
        "- hosts: all\n  handlers:\n    - include_role: {name: r}\n",
        ["site.yml:3:7: a role cannot be a handler | notify its handlers instead"],
    ),
    "serial": (
        "- hosts: all\n  serial: some\n",
        ["site.yml:2:11: 'serial' cannot be 'some' | write a number of hosts or a percentage, such as 5 or '20%'"],
    ),
    "strategy": (
        "- hosts: all\n  strategy: fre\n",
        ["site.yml:2:13: there is no strategy 'fre' | did you mean 'free'?"],
    ),
    "order": (
        "- hosts: all\n  order: sort\n",
        ["site.yml:2:10: 'sort' is not an order of hosts | did you mean 'sorted'?"],
    ),
    "a role without a name": (
        "- hosts: all\n  roles: [{tags: x}]\n",
        ["site.yml:2:11: a role must be a name, or a table with 'role: NAME'"],
    ),
    "a doubled key": (
        "- hosts: all\n  hosts: web\n  tasks: []\n",
        [
            "site.yml:2:3: the key 'hosts' stands here twice (first on line 1); the last one counts | remove one of "
            "them",
        ],
    ),
    "a name that is known too late": (
        TASK + 'import_tasks: "{{ nope }}.yml"\n',
        [
            "site.yml:3:21: the name of the imported file cannot be known before the run: 'nope' is undefined | only "
            "extra vars, play vars and role vars are known while loading",
        ],
    ),
    "local_action": (
        TASK + "local_action: command x\n      delegate_to: y\n",
        ["site.yml:3:21: local_action says already where it runs | write 'action', or leave out delegate_to"],
    ),
    "a template without quotes": (
        TASK + "debug: msg={{ a }}\n      tags: {{ b }}\n",
        ['site.yml:4:13: a template without quotes | put quotes around it: "{{ b }}"'],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_golden_messages(name: str, tmp_path: Path) -> None:
    given, wanted = CASES[name]
    assert mistakes(tmp_path, given) == wanted


def test_all_mistakes_of_all_files_come_together(tmp_path: Path) -> None:
    files = {
        "site.yml": "- hosts: all\n  roles: [a]\n  tasks:\n    - command: x\n      wehn: y\n    - import_tasks: t.yml\n"
        "- import_playbook: other.yml\n",
        "roles/a/tasks/main.yml": "- file: {pth: /x}\n",
        "t.yml": "- copy:\n\tsrc: x\n",
        "other.yml": "- hots: all\n",
    }
    assert mistakes(tmp_path, files) == [
        "roles/a/tasks/main.yml:1:10: file: unknown argument 'pth' | did you mean 'path'?",
        "site.yml:5:7: 'wehn' is not a keyword of a task | did you mean 'when'?",
        "t.yml:2:1: a tab where YAML wants spaces | use spaces to indent",
        "other.yml:1:3: 'hots' is not a keyword of a play | did you mean 'hosts'?",
        "other.yml:1:3: the play does not say on which hosts | add 'hosts: PATTERN'",
    ]


def test_a_playbook_that_is_not_there(tmp_path: Path) -> None:
    files = {"other.yml": ""}
    found = mistakes(tmp_path, files)
    assert found == ["site.yml:1:1: site.yml does not exist"]


def test_warnings_are_errors_with_strict(tmp_path: Path) -> None:
    text = "- hosts: all\n  hosts: web\n"
    assert [problem.level for problem in load(tmp_path, {"site.yml": text})[1]] == ["warning"]
    with pytest.raises(InputErrors) as caught:
        load(tmp_path, {"site.yml": text}, strict=True)
    assert [problem.level for problem in caught.value.problems] == ["error"]


def test_unknown_modules_only_warn(tmp_path: Path) -> None:
    plays, warnings = load(tmp_path, {"site.yml": TASK + "community.general.pacman: name=x\n    - comand: x\n"})
    assert [problem.level for problem in warnings] == ["warning", "warning"]
    first, second = plays[0].tasks
    assert getattr(first, "module", "") == "community.general.pacman"
    assert getattr(second, "args_problem", "") == "there is no module 'comand': did you mean 'command'?"


def test_a_debugger_that_is_not_there_is_told(tmp_path: Path) -> None:
    play = """\
        - hosts: all
          debugger: never
          tasks:
            - {name: told, ping: {}, debugger: on_failed}
            - {name: quiet, ping: {}, debugger: never}
        """
    _, warnings = load(tmp_path, {"site.yml": play})
    assert [(w.level, w.message, w.span.line) for w in warnings] == [
        ("warning", "there is no debugger: 'on_failed' does nothing here", 4)
    ]
