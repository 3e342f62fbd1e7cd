"""Callers who want the same appointment at the same time; and whoever is killed while they have it booked."""
