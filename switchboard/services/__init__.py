"""What a caller gets, one async script each, over the ports."""
