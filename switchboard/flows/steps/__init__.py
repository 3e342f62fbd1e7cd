"""One module per step type: its schema, outcomes, documentation example and behaviour."""
