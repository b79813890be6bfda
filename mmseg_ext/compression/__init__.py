"""Smaller and faster models, as trades that are measured.

Each is a step between two files that the other tools take.
"""
