"""The values that pass between stages: frozen, typed, standard library only.

Whoever reads this folder knows the system: `span` (places in sources), `values` (trusted templates, secrets, the
unknown), `inventory`, `playbook`, `plan`, `call` (a step on its way to a host and back), `event` (what is logged),
`options` (what the command line asked for) and `ports` (what pure code may ask of the world).
"""
