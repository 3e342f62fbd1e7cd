"""What one machine needs to run a switchboard: accounts, programs, children that die with their parent."""
