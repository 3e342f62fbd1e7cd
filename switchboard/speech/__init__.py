"""From a text to a spoken file: the organisation's recording, else piper, else espeak-ng."""
