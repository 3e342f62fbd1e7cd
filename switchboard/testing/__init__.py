"""Supported stand-ins: ScriptedCall, in-memory stores, ManualClock; also what `simulate` runs on."""
