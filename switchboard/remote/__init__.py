"""Services of others, asked over HTTP: never waited for beyond a deadline, never needed."""
