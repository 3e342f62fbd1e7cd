"""Everything that knows Asterisk: ARI, AMI and AGI, the Asterisk-backed Call, rendered configuration."""
