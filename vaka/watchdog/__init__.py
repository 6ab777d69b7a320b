"""Keeping watch over Vaka itself, from a process of its own."""
