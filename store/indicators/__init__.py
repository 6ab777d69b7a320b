"""Indicators: each is a TOML file here, with its name, question, numerator, denominator, source, caveat and query.

A definition is never changed but by raising its `version`: a figure names the version that it was made by.
"""
