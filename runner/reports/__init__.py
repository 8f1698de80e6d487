"""Reports of a run that is over, made from its log alone: one file a format, each a pure function `Run` -> text.

page(run)                one HTML page that needs nothing else         `--html`
junit(run)               JUnit XML, as CI systems read it              `--junit`
markdown(run)            a summary for a pull request                  `--markdown`
sarif(run, base)         what a dry run would change, or what failed   `--sarif`

The same log always gives the same bytes: no clock, no environment, no names of files but those in the log. Whatever
came from hosts is escaped for its format; secrets are masked in the log already.
"""
