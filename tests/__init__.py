"""Promises, one test each. The folders mirror the floors; `parts.py` names the real parts that some of them need."""
