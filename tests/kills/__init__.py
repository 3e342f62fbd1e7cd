"""Messages under fire: parts are killed at each point of a message's way in, again and again. `make kills-messages`."""
