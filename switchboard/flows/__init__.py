"""The flow language: load, render, check and interpret the administrator's YAML."""
