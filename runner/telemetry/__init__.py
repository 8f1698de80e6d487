"""A run that is over, as an OpenTelemetry trace: the run, its plays, their tasks, each task on each host.

spans(run)             what there is to tell, as values               (`spans.py`: pure)
sent(spans, url)       … to a collector, by OTLP over HTTP            (`otlp.py`: the one home of OpenTelemetry)
as_lines(spans)        … as OTLP's JSON, which collectors read from files
"""
