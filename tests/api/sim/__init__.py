# SPDX-License-Identifier: MIT
"""The simulated networks: a module each, on one core (core.py)."""
