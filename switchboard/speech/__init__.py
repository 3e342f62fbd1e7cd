"""Speech: texts made into recordings that Asterisk plays.

`render` plans and drives; the work is done in worker processes, so that nothing here loads numpy, onnxruntime or
piper into a process that handles calls.
"""
