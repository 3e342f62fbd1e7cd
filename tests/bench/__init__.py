"""`make bench`: what a call costs, ours against pure dialplan, in one run on one machine (`python -m tests.bench`)."""
