"""The dialplan and Asterisk's configuration by themselves: a real Asterisk, real phones, no controller, no database."""
