"""Inventories as values: sources read into a draft, host patterns, and what a run changes.

`draft.Draft` collects hosts and groups; each kind of source is one file with a `read` function that fills it (`ini`,
`yaml`, `host_list`, `script`, `constructed`); `Draft.finish` makes the `Inventory`. `patterns` says which hosts a
pattern stands for,
`membership` who is in a group, `implicit` what localhost is when nobody lists it, `changes` what add_host and group_by
do, `names` which names are refused. Nothing here touches a file: `runner.load.inventory` does.
"""
