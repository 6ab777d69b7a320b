"""The vocabulary of Vaka: what devices say, what people change, and how both are written down."""
