"""Mail about messages: written in the receiver's language, handed to a mail server."""
