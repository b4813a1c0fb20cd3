"""Floor 6, beside the course: how fast the library is on this machine, and against what.

Every figure is a ratio measured in one run on the same messages, because seconds alone say
more about the machine and its load than about the code.
"""
