"""The commands, one module each. A module names its commands at import and brings in the rest only when one is run,
so that `--help` is quick."""
