"""What a project brings along beside its playbooks: filters, tests and lookups in Python, modules in any language.

`extensions.Extensions` is the door. `shelves` knows the folders (beside playbooks, in roles, in collections, named by
the environment) and which of them are trusted; `importing` runs a plug-in's file with an `import` of its own, in which
Ansible's names mean the `stand_ins` here; `names_of` reads a file's filters without running it; `filters`, `lookup`
and `module` make of a file what the template layer and the executor can use; `kinds`, `words` and `answer` are how a
module is started and what it said.
"""
