"""Jinja2 in a sandbox: strict about undefined, compiled once, native values, unknown values let through.

`runner.template.templar.Templar` is the door:

    Templar(lookup: LookupCall, plugins: Plugins = …)
    .render(value, names)            deep; only `Template` text is rendered; containers are copied only if they hold any
    .evaluate(condition, names)      bool, or `Unknown`
    .render_text(text, names, span, options)   a template file's text: str, or `Unknown`
    .reads(value) / .reads_of_condition(c) / .reads_of_text(text)    names it may read; None: any

`names` is a `Names`: `raw(name)` gives the variable's unrendered value or raises KeyError; what is found is rendered
in turn when it is (or holds) a `Template`, lazily and with cycles detected; `rendered` caches that.
"""
