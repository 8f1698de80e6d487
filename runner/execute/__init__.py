"""The pure heart: what is ready, rendered, compiled, fused; what came back, folded into the run's state.

No threads, clocks, files or sockets: time comes in as a number, the world through the protocols of `World`. One thread
owns all of it. `run.Run` is the door; `play.PlayRun` takes one batch of hosts through one play.
"""
