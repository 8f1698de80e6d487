"""Settings as text: ansible.cfg, pbrun.toml and the environment, made into one `runner.model.settings.Settings`.

`ansible_cfg`, `pbrun_toml` and `environment` each give what is set there (`given.Given`); `settle` makes the value of
it, the later winning. Nothing here reads a file: `runner.load.configuration` does.
"""
