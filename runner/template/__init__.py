"""Jinja2 in a sandbox: strict about undefined, compiled once, native values, unknown values let through.

`runner.template.templar.Templar` is the door:

    Templar(lookup, extra_filters, extra_tests, plugins=Plugins(yaml_dump, …), load_text=…, notice=…)
    .render(value, names)            deep; only `Template` text is rendered; containers are copied only if they hold any
    .evaluate(condition, names)      bool, or `Unknown`
    .expression(text, names, span)   the native value of a bare expression
    .render_text(text, names, span, options)   a template file's text: str, or `Unknown`
    .variables(names)                all variables as a mapping that renders when read
    .reads(value) / .reads_of_condition(c) / .reads_of_text(text)    names it may read; None: any
    .problems(value) / .problems_of_condition(c)    mistakes that show without rendering

`LateTemplar` in `late` is a Templar that is made when the first template is met.

`names` is a `Names`: `raw(name)` gives the variable's unrendered value or raises KeyError; what is found is rendered
in turn when it is (or holds) a `Template`, lazily and with cycles detected; `rendered` caches that. It may have a
`lookup` and a `load_text` of its own, which are asked before the Templar's.

Behind the door: `compile` (text to code, once), `codegen` and `environment` (Jinja changed to Ansible's ways), `scope`
and `lazy` (variables rendered when read), `markers` (undefined and failed values, which fail when touched), `calls`
(how filters and tests are called), `finish` (results made plain), `reading` (analysis), `explain` (errors), `limits`.
Filters live in `filters_TOPIC`, tests in `tests_TOPIC`: a mapping from names to functions, listed in `plugins`.
"""
